import type { Mode } from '../admission/settings.ts'
import { MODES } from '../admission/settings.ts'
import type { Outcome, Trial } from '../cluster/trial.ts'
import type { Config } from '../config/config.ts'
import { entriesOff, switchingOn } from '../manifests/switch.ts'
import { entryName } from '../manifests/webhook.ts'
import { PROGRAM } from '../system/program.ts'

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

/** What to do if the API server calls refgrant in another way than the mode says. */
const COMPARE = `see ${PROGRAM} manifests --diff, or set --mode`

/** The result of a probe. */
export interface Probed {
  /** Whether the outcome is what the mode of the namespace requires. */
  readonly passed: boolean
  readonly says: string
}

/** What to probe: the namespace of the route, and the registration by its name. */
export interface Probe extends Pick<Config, 'mode' | 'modeLabel'> {
  readonly namespace: string
  readonly registration: string
}

/** Tests whether the API server calls refgrant. */
export async function probe(trial: Trial, what: Probe, signal: AbortSignal): Promise<Probed> {
  const { namespace, registration: name, mode: byDefault, modeLabel } = what
  if (!(await trial.isPossible(signal)))
    return passed('not probed: the cluster does not serve HTTPRoutes and ReferenceGrants of Gateway API')
  const label = await trial.label(modeLabel, signal)
  const mode = MODES.find((one) => one === label) ?? byDefault
  const live = await trial.registration(name, signal)
  const off = entriesOff(live)
  if (off.includes(entryName(mode))) return failed(switchedOff(name, off))
  // A registration that does not exist has no change that the API server may notice later. It may read one from a file.
  const without = live === undefined ? await trial.once(signal) : await trial.until(SHOWS[mode], signal)
  if (!SHOWS[mode](without))
    return failed(`the dry run without a grant ${FAILED[mode]}: ${described(without, why(name, live))}`)
  const done = passed(`namespace ${namespace} has mode ${mode}: ${DONE[mode]}`)
  if (mode === 'audit') return done
  const permitted = ({ refusal, warnings }: Outcome) => refusal === undefined && warnings.length === 0
  const granted = await trial.granted(() => trial.until(permitted, signal), signal)
  if (permitted(granted)) return done
  return failed(`the dry run with a grant was not allowed without a warning: ${described(granted, '')}`)
}

const passed = (says: string): Probed => ({ passed: true, says })
const failed = (says: string): Probed => ({ passed: false, says })

function switchedOff(name: string, off: readonly string[]): string {
  return `refgrant is switched off: in ValidatingWebhookConfiguration ${name}, ${off.join(', ')} match no object. To switch it on:\n  ${switchingOn(name, off)}`
}

/** Returns why the API server may allow the route without a warning, and what to do. */
function why(name: string, live: unknown): string {
  if (live === undefined) return `ValidatingWebhookConfiguration ${name} does not exist: install it, or set --name`
  const reasons = live === 'unknown' ? 'be missing or switched off, or have another mode' : 'have another mode'
  return `The registration may ${reasons}: ${COMPARE}`
}

function described({ refusal, warnings }: Outcome, reason: string): string {
  if (refusal !== undefined) return refusal
  return warnings.length > 0 ? warnings.join(' ') : `the API server allowed the route, and did not warn. ${reason}`
}
