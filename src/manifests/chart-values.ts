import { MODES } from '../admission/settings.ts'
import { modeLabelPolicy } from './mode-label-policy.ts'
import { grantRights } from './rbac.ts'
import { type Entry, entriesOf, type Registration } from './webhook.ts'

/**
 * Returns the value `generated` of the chart: all that the configuration shapes, and that a template would have to
 * compute. The chart adds names. It takes the mode, the failure policy and the timeout from its value `configuration`, so
 * that these can change without new values.
 *
 * @param shaping the fields of the configuration that the result depends on; the chart refuses a configuration with others
 */
export function chartValues(registration: Registration, shaping: object) {
  const [first, ...others] = MODES.map((mode) => entriesOf({ ...registration, mode }))
  return {
    configuration: shaping,
    rights: grantRights(registration.coverage.grantKinds),
    // The same for all entries that have conditions.
    matchConditions: first?.[0]?.matchConditions,
    webhooks: first?.map((entry, index) => placeable([entry, ...others.flatMap((entries) => entries[index] ?? [])])),
    modeLabelPolicy: modeLabelPolicy(registration.modeLabel),
  }
}

/**
 * Returns an entry without what the chart adds.
 *
 * @param byMode the entry under each mode of the configuration, in the order of MODES; only its selector differs
 */
function placeable(byMode: readonly [Entry, ...Entry[]]) {
  const [{ namespaceSelector, matchConditions, failurePolicy, timeoutSeconds, ...entry }] = byMode
  const selectors = MODES.map((mode, index) => [mode, byMode[index]?.namespaceSelector])
  return {
    ...entry,
    // The entry for mode deny follows the configuration.
    ...(!entry.name.startsWith('deny.') && { failurePolicy, timeoutSeconds }),
    ...(namespaceSelector && { namespaceSelectors: Object.fromEntries(selectors) }),
  }
}
