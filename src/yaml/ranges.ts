/** Where a part begins and ends in a text, as offsets. */
export type Range = readonly [begin: number, end: number]

/** More than the length of any text, since a file has at most 64 MiB. Two lengths fit into the 53 bits of a number. */
const LONGEST = 2 ** 26 + 1

/** Returns a range as one number, which takes less memory than two. */
export function packed(begin: number, end: number): number {
  return begin * LONGEST + Math.max(0, end - begin)
}

export function unpacked(range: number): Range {
  const begin = Math.floor(range / LONGEST)
  return [begin, begin + (range % LONGEST)]
}
