import { DOMAIN } from '../admission/names.ts'

/** The label that an entry selects objects by while it is switched off. No object has it. */
const SWITCH = `${DOMAIN}/switch`

interface LiveEntry {
  readonly name: string
  readonly objectSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
}

/** Returns the names of the entries that are switched off in a live registration. */
export function entriesOff(live: unknown): string[] {
  const { webhooks = [] } = Object(live ?? {}) as { webhooks?: readonly LiveEntry[] }
  return webhooks
    .filter(({ objectSelector }) => objectSelector?.matchLabels?.[SWITCH] !== undefined)
    .map(({ name }) => name)
}

/** Returns the command that switches entries of a registration on. Flux undoes what kubectl writes under its usual name. */
export function switchingOn(registration: string, entries: readonly string[]): string {
  const patch = { webhooks: entries.map((name) => ({ name, objectSelector: null })) }
  return `kubectl patch validatingwebhookconfiguration ${registration} --field-manager=switch --patch '${JSON.stringify(patch)}'`
}
