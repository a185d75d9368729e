/** Returns a number with its noun: `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Returns the article of a word: `a` ReferenceGrant, `an` object. */
export function article(word: string): 'a' | 'an' {
  return /^[aeio]/i.test(word) ? 'an' : 'a'
}
