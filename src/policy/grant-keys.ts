import type { GrantFrom, GrantTo } from './grant.ts'
import type { GroupKind } from './reference.ts'

// Map keys for the entries of grants: two entries have the same key only if all their parts are equal.

export function fromKey({ group, kind, namespace }: GrantFrom): string {
  return flat(kindKey({ group, kind }), namespace)
}

export function toKey({ group, kind, name }: GrantTo): string {
  const ofKind = kindKey({ group, kind })
  return name === undefined ? ofKind : flat(ofKind, name)
}

/**
 * Returns the key of an entry that exposes every object of a kind. It has slashes, since the API server accepts no slash
 * in a group or a kind. If one has a slash, the key is JSON, after a character that other keys do not begin with.
 */
export function kindKey({ group, kind }: GrantTo): string {
  if (group.includes('/') || kind.includes('/')) return `[${JSON.stringify([group, kind])}`
  return flat('', group, kind)
}

/** Returns the keys of the kinds of targets, most of which have the same kind as the one before. */
export function kindKeys(targets: readonly GroupKind[]): string[] {
  let [last, key]: [GroupKind | undefined, string] = [undefined, '']
  return targets.map((target) => {
    if (target.kind !== last?.kind || target.group !== last.group) key = kindKey(target)
    last = target
    return key
  })
}

/** Joins parts to a flat string. V8 keeps a concatenated one as a tree of its parts, which takes twice the memory. */
function flat(...parts: string[]): string {
  return parts.join('/')
}
