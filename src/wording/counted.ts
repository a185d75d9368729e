/** Returns a number with its noun: `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Returns the article of a word as it is spoken: `a` ReferenceGrant, `an` object, `an` HTTPRoute. */
export function article(word: string): 'a' | 'an' {
  return /^([aeioAEIO]|[FHLMNRSX][A-Z])/.test(word) ? 'an' : 'a'
}
