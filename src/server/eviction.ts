/** A connection that waits, in a group of them. */
interface Waiting {
  /** The address of the client. */
  readonly address: string | undefined
}

/**
 * Chooses the connection to evict, from the largest of some groups, so that a flood of one group spares the others. If
 * one address has more than half of that group, as a flood from one Pod has, it is a connection of that address.
 *
 * @param groups each in the order in which its connections began to wait; the first of two equal groups counts as larger
 * @returns the connection that has waited longest, among these; undefined if all groups are empty
 */
export function evicted<C extends Waiting>(groups: readonly ReadonlySet<C>[]): C | undefined {
  const [largest = new Set<C>()] = groups.toSorted((a, b) => b.size - a.size)
  const counts = new Map<string | undefined, number>()
  for (const { address } of largest) counts.set(address, (counts.get(address) ?? 0) + 1)
  const [flood] = [...counts].filter(([, count]) => count > largest.size / 2)
  return flood ? [...largest].find(({ address }) => address === flood[0]) : [...largest][0]
}
