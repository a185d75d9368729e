import { getSystemErrorMessage } from 'node:util'

/** What the system's own words leave open, by its code. */
const CLEARER: Record<string, string> = {
  EISDIR: 'is a folder, and no file',
  ENOTFOUND: 'the host name has no address',
}

/**
 * Why something failed, in words: of an error of the operating system without its code, its call and its path, which the
 * caller names; of any other error its message.
 */
export function reasonOf(error: unknown): string {
  const { errno, code = '', message } = error as NodeJS.ErrnoException
  return CLEARER[code] ?? (errno === undefined ? message : getSystemErrorMessage(errno))
}
