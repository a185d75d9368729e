import { MOST_REFERENCES } from '../policy/crossing.ts'
import { type FindingCode, SEVERITIES } from '../policy/finding-codes.ts'
import { apiVersionOf, REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import { MOST_ENTRIES } from '../policy/names.ts'
import { documentation } from './documentation.ts'
import { EXAMPLES } from './examples.ts'

/** The `apiVersion` to write, which is that of new grants too. */
const VERSION = apiVersionOf(REFERENCE_GRANT)

/** What each finding means, and what to do about it. */
// biome-ignore format: one code a line, whatever its length
const MEANINGS: Record<FindingCode, { readonly meaning: string; readonly remedy: string }> = {
  'not-permitted': { meaning: 'no grant permits a reference', remedy: '`refgrant grant` prints the grant for the owner of the target' },
  'too-many-references': { meaning: `an object has more than ${MOST_REFERENCES.toLocaleString('en')} references to other namespaces, so the webhook refuses it`, remedy: 'split the object' },
  'refused-at-install': { meaning: 'a grant permits the reference, but the tool of `--order` applies the grant after the object, deletes it before or does not apply it, so the webhook refuses the first installation (`check` only)', remedy: 'write what the message says: a hook, a wave, `dependsOn` or another order' },
  'grant-unknown-version': { meaning: 'the API server rejects the grant, because it does not serve its `apiVersion`; the grant does not count', remedy: `write \`${VERSION}\`` },
  'grant-too-many-entries': { meaning: `the API server rejects the grant, because \`from\` or \`to\` has more than ${MOST_ENTRIES} entries; the grant does not count`, remedy: 'divide it into several grants' },
  'grant-empty': { meaning: '`from` or `to` is missing or empty, so the grant permits nothing', remedy: 'add entries, or delete the grant' },
  'grant-incomplete-entry': { meaning: 'an entry lacks a group, kind or namespace', remedy: 'add the field; a group is that of the kind, and the core group is `""`' },
  'grant-empty-name': { meaning: '`name: ""` matches nothing', remedy: 'leave `name` out to mean every object' },
  'grant-wildcard': { meaning: '`*` is not a wildcard', remedy: 'name each kind and each namespace; leave `name` out to mean every object' },
  'grant-core-group': { meaning: '`core` is not an alias of the core group', remedy: 'write `""`' },
  'grant-version-as-group': { meaning: 'the group names a version', remedy: 'write the group alone' },
  'grant-wrong-group': { meaning: "a well-known kind under the wrong group", remedy: 'write the group of this kind' },
  'grant-kind-spelling': { meaning: 'a plural, a short name or a lower-case kind', remedy: 'write the kind as in its objects' },
  'grant-impossible-value': { meaning: 'a group, kind, namespace or name that no object can have; the API server rejects the grant, unless it is a name in `to`, and the grant does not count', remedy: 'write one group, kind, namespace or name' },
  'grant-unknown-field': { meaning: 'the API server drops the field, so the grant permits more than it seems to, as with `name` in `from`, or nothing, as with `form` for `from`', remedy: 'remove the field, or correct its name' },
  'reference-unknown-field': { meaning: 'a misspelt field of a reference, which the API server drops (`check` only)', remedy: 'correct the field name' },
  'reference-policy': { meaning: 'the old name of ReferenceGrant, a misspelt kind, or a ReferenceGrant of another group of Kubernetes or Gateway API: nothing reads it (`check` only)', remedy: `write \`kind: ReferenceGrant\` and \`apiVersion: ${VERSION}\`` },
  'reference-impossible-value': { meaning: 'a reference to another namespace has a group, kind, namespace or name that no object can have; the API server rejects the object, unless it is the name (`check` only)', remedy: 'write the group, kind, namespace or name of the target' },
  'field-misfit': { meaning: 'a field that your configuration guards holds something other than a reference, so it is not judged (`check` only)', remedy: 'correct the object, or the row in `guardedFields`' },
  'grant-old-version': { meaning: 'the grant has the version v1alpha2, which only releases of Gateway API up to v1.1 serve (v1.0 in the standard channel); it counts', remedy: `write \`${VERSION}\`` },
  'grant-duplicate': { meaning: 'one path holds a grant twice, with different contents (`check` only)', remedy: 'remove one, or rename it' },
  'grant-parent-reference': { meaning: 'the grant exposes a Gateway to routes or ListenerSets, but grants do not govern their parents', remedy: "set `allowedRoutes` of the Gateway's listeners, or `allowedListeners` of the Gateway" },
  'mesh-parent-core-group': { meaning: 'a parent of group `core`, as Linkerd 2.13 wrote it, does not make a mesh route (`check` only)', remedy: 'write `""`' },
  'grant-own-namespace': { meaning: 'the grant accepts its own namespace, which does not need a grant', remedy: 'move the grant to the namespace of the target, or remove the entry' },
  'grant-unknown-referrer': { meaning: 'the grant accepts a kind without a guarded field', remedy: 'correct the kind; add a row to `guardedFields` for a kind of your own' },
  'grant-misspelt-kind': { meaning: 'the grant exposes a kind that is nearly a well-known one', remedy: 'correct the kind' },
  'grant-every-name': { meaning: 'the grant exposes every object of a kind', remedy: 'add `name` to expose one' },
}

/** Returns what a finding means, and what to do about it, in Markdown. */
export function meaningOf(code: FindingCode): { readonly meaning: string; readonly remedy: string } {
  return MEANINGS[code]
}

/** The findings as a Markdown table, with links to what findingPages() writes below it. */
export function findingsTable(): string {
  const rows = Object.entries(SEVERITIES).map(([code, severity]) => {
    const { meaning } = MEANINGS[code as FindingCode]
    return `| [\`${code}\`](#${code}) | ${severity} | ${meaning} |`
  })
  return ['| code | severity | meaning |', '|---|---|---|', ...rows].join('\n')
}

/**
 * The page of a finding, as text.
 *
 * @param program what the user writes to run refgrant
 */
export function findingPage(code: FindingCode, program: string): string {
  const { meaning, remedy } = MEANINGS[code]
  const { wrong, right } = EXAMPLES[code]
  return `${code} (${SEVERITIES[code]})

What it means: ${meaning}.
What to do: ${remedy.replaceAll('`refgrant ', `\`${program} `)}.

Wrong:
  ${wrong}
Right:
  ${right}

Documentation: ${documentation(`findings.md#${code}`)}
`
}

/** The page of a finding, for programs. */
export function findingFields(code: FindingCode) {
  const page = documentation(`findings.md#${code}`)
  return { code, severity: SEVERITIES[code], ...MEANINGS[code], ...EXAMPLES[code], documentation: page }
}

/** All pages, as Markdown. */
export function findingPages(): string {
  return (Object.keys(SEVERITIES) as FindingCode[])
    .map((code) => {
      const { meaning, remedy } = MEANINGS[code]
      const { wrong, right } = EXAMPLES[code]
      const words = `- Severity: ${SEVERITIES[code]}\n- What it means: ${meaning}.\n- What to do: ${remedy}.`
      return `## ${code}\n\n${words}\n\n| | |\n|---|---|\n| wrong | \`${wrong}\` |\n| right | \`${right}\` |`
    })
    .join('\n\n')
}
