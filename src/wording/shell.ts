/** Quotes a foreign text as one argument of a shell command that a user may copy. */
export function shellArgument(text: string): string {
  return /^-$|^[\w./][-\w./]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
