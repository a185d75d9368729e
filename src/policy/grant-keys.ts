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

/** The keys of the entries that expose an object: by its name, and by its kind alone. */
export interface TargetKeys {
  readonly byName: string
  readonly byKind: string
}

/** Returns the keys of targets, most of which have the same kind as the one before. */
export function targetKeys(targets: readonly (GroupKind & { readonly name: string })[]): TargetKeys[] {
  let [last, byKind]: [GroupKind | undefined, string] = [undefined, '']
  return targets.map((target) => {
    if (target.kind !== last?.kind || target.group !== last.group) byKind = kindKey(target)
    last = target
    return { byName: `${byKind}/${target.name}`, byKind }
  })
}

/** Joins parts to a flat string. V8 keeps a concatenated one as a tree of its parts, which takes twice the memory. */
function flat(...parts: string[]): string {
  return parts.join('/')
}
