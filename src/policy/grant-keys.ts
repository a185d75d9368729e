import type { GrantFrom, GrantTo } from './grant.ts'

// Map keys for the entries of grants: two entries have the same key only if all their parts are equal.

export function fromKey({ group, kind, namespace }: GrantFrom): string {
  return key(group, kind, namespace)
}

export function toKey({ group, kind, name }: GrantTo): string {
  return name === undefined ? kindKey({ group, kind }) : key(group, kind, name)
}

/** Returns the key of an entry that exposes every object of a kind. */
export function kindKey({ group, kind }: GrantTo): string {
  return key(group, kind)
}

/**
 * Joins the parts with a slash, since the API server accepts no slash in a group or a kind. A part with a slash makes
 * the key JSON, after a character that other keys do not begin with.
 */
function key(group: string, kind: string, last?: string): string {
  if (group.includes('/') || kind.includes('/')) return `[${JSON.stringify([group, kind, last])}`
  // join() makes a flat string; V8 keeps a concatenated one as a tree of its parts, which takes twice the memory.
  return (last === undefined ? ['', group, kind] : ['', group, kind, last]).join('/')
}
