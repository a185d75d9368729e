import type { Mode } from '../admission/settings.ts'
import { MODES } from '../admission/settings.ts'
import type { Outcome, Trial } from '../cluster/trial.ts'
import type { Config } from '../config/config.ts'
import { Failure } from '../system/failure.ts'

/** The words of each refusal and warning of refgrant about a violation. */
const VIOLATION = 'which no ReferenceGrant permits'

/** Whether an outcome without a grant is what a mode requires. In mode audit, a client sees nothing. */
const SHOWS: Record<Mode, (outcome: Outcome) => boolean> = {
  deny: ({ refusal }) => refusal?.includes(VIOLATION) ?? false,
  warn: ({ refusal, warnings }) => refusal === undefined && warnings.some((text) => text.includes(VIOLATION)),
  audit: ({ refusal }) => refusal === undefined,
}

const DONE: Record<Mode, string> = {
  deny: 'the API server refused a route without a grant, and allowed it with one',
  warn: 'the API server warned without a grant, and did not warn with one',
  audit: 'the API server allowed a route without a grant; look for the annotations of refgrant in its audit log',
}

const FAILED: Record<Mode, string> = {
  deny: 'was not refused as mode deny requires',
  warn: 'was not allowed with a warning as mode warn requires',
  audit: 'was not allowed as mode audit requires',
}

/** Why the API server may allow the route without a warning, and what to do. */
const UNSEEN =
  'The registration may be missing or switched off, or have another mode: see refgrant manifests --diff, or set --mode'

/**
 * Tests whether the API server calls refgrant, and returns the result in words.
 *
 * @throws Failure if the outcome is not what the mode of the namespace requires
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
  const done = `namespace ${namespace} has mode ${mode}: ${DONE[mode]}`
  const without = await trial.until(SHOWS[mode], signal)
  if (!SHOWS[mode](without)) throw new Failure(`the dry run without a grant ${FAILED[mode]}: ${described(without)}`)
  if (mode === 'audit') return done
  const permitted = ({ refusal, warnings }: Outcome) => refusal === undefined && warnings.length === 0
  const granted = await trial.granted(() => trial.until(permitted, signal), signal)
  if (!permitted(granted))
    throw new Failure(`the dry run with a grant was not allowed without a warning: ${described(granted)}`)
  return done
}

function described({ refusal, warnings }: Outcome): string {
  if (refusal !== undefined) return refusal
  return warnings.length > 0 ? warnings.join(' ') : `the API server allowed the route, and did not warn. ${UNSEEN}`
}
