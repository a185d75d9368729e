import type { Mode } from '../admission/settings.ts'
import { MODES } from '../admission/settings.ts'
import type { Outcome, Trial } from '../cluster/trial.ts'
import type { Config } from '../config/config.ts'
import { Failure } from '../system/failure.ts'

/** The words of each refusal and warning of refgrant about a violation. */
const VIOLATION = 'which no ReferenceGrant permits'

/** Whether an outcome without a grant is what a mode leads to. In mode audit, a client sees nothing. */
const SHOWS: Record<Mode, (outcome: Outcome) => boolean> = {
  deny: ({ refusal }) => refusal?.includes(VIOLATION) ?? false,
  warn: ({ refusal, warnings }) => refusal === undefined && warnings.some((text) => text.includes(VIOLATION)),
  audit: ({ refusal }) => refusal === undefined,
}

const WORDS: Record<Mode, string> = {
  deny: 'refused without a grant, and permitted with it',
  warn: 'warned of without a grant, and not with it',
  audit: 'not refused; look for the annotations of refgrant in the audit log of the API server',
}

/**
 * Tries whether the API server asks refgrant, and returns the result in words.
 *
 * @throws Failure if the outcome is not what the mode of the namespace leads to
 */
export async function probe(
  trial: Trial,
  namespace: string,
  { mode: byDefault, modeLabel }: Pick<Config, 'mode' | 'modeLabel'>,
  signal: AbortSignal,
): Promise<string> {
  if (!(await trial.isPossible(signal)))
    return 'not probed: the cluster does not serve HTTPRoutes and ReferenceGrants of Gateway API'
  const label = await trial.label(modeLabel, signal)
  const mode = MODES.find((one) => one === label) ?? byDefault
  const subject = `a reference from the namespace ${namespace}, which has mode ${mode},`
  const without = await trial.until(SHOWS[mode], signal)
  if (!SHOWS[mode](without)) throw new Failure(`${subject} is not judged as it should be: ${told(without)}`)
  if (mode === 'audit') return `${subject} is ${WORDS[mode]}`
  const permitted = ({ refusal, warnings }: Outcome) => refusal === undefined && warnings.length === 0
  const granted = await trial.granted(() => trial.until(permitted, signal), signal)
  if (!permitted(granted))
    throw new Failure(`${subject} is not permitted although a grant permits it: ${told(granted)}`)
  return `${subject} is ${WORDS[mode]}`
}

function told({ refusal, warnings }: Outcome): string {
  if (refusal !== undefined) return refusal
  return warnings.length > 0 ? warnings.join(' ') : 'the API server permitted it, and did not warn'
}
