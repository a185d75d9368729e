/** Quotes a foreign text as one argument of a shell command that a user may copy. */
export function shellArgument(text: string): string {
  return /^-$|^[\w./][-\w./]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * Returns the command that reads a path, or `-` for standard input: `refgrant check -`, but `refgrant explain -f -`.
 *
 * @param program what the user writes to run refgrant
 */
export function readingCommand(program: string, command: string, path: string): string {
  return `${program} ${command} ${command === 'explain' ? '-f ' : ''}${shellArgument(path)}`
}
