import { getSystemErrorMessage } from 'node:util'

/** Clearer words than the system's own, by error code. */
const CLEARER: Record<string, string> = {
  EISDIR: 'is a folder and not a file',
  ENOTFOUND: 'the host name has no address',
  ENXIO: 'is a socket or a device that cannot be read',
}

/**
 * Returns the reason for a failure: for an error of the operating system its description, without the code, call and
 * path; for any other error its message. The caller names the path.
 */
export function reasonOf(error: unknown): string {
  const { errno, code = '', message } = error as NodeJS.ErrnoException
  return CLEARER[code] ?? (errno === undefined ? message : getSystemErrorMessage(errno))
}
