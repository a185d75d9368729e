import type { GrantFrom, GrantTo } from './grant.ts'

// Texts by which entries of grants are found: the same text for the same parts only.

export function fromKey({ group, kind, namespace }: GrantFrom): string {
  return key(group, kind, namespace)
}

export function toKey({ group, kind, name }: GrantTo): string {
  return name === undefined ? kindKey({ group, kind }) : key(group, kind, name)
}

/** The key of an entry that names every object of a kind. */
export function kindKey({ group, kind }: GrantTo): string {
  return key(group, kind)
}

/**
 * A slash tells the parts apart, since no group and no kind that the API server takes has one; JSON does for others,
 * behind a character that no other key begins with.
 */
function key(group: string, kind: string, last?: string): string {
  if (group.includes('/') || kind.includes('/')) return `[${JSON.stringify([group, kind, last])}`
  // Joined, a text is one piece of memory; concatenated it would be a tree of its parts, twice as large.
  return (last === undefined ? ['', group, kind] : ['', group, kind, last]).join('/')
}
