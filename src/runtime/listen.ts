import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Address, parseAddress } from '../server/address.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'

/** An address to listen on, and its flag. */
export interface Listener extends Address {
  readonly flag: string
  readonly text: string
}

/**
 * Parses the address of a flag.
 *
 * @throws Failure if the text is not an address
 */
export function addressOf(flag: string, text: string): Listener {
  try {
    return { flag, text, ...parseAddress(text) }
  } catch (error) {
    throw new Failure(`${flag}: ${(error as Error).message}`, { cause: error })
  }
}

/** Why a port cannot be used, and the remedy, by error code. The name of the flag follows. */
const NO_PORT: Record<string, string> = {
  EADDRINUSE:
    'the port is in use: stop the other process, or choose another port, a different one for each listener, with',
  EADDRNOTAVAIL: 'this machine does not have the address: choose one that it has, or :PORT for all of them, with',
  EACCES: 'permission denied: choose a port of 1024 or more with',
  ENOTFOUND: 'the host name has no address: choose an address of this machine, or :PORT for all of them, with',
}

/**
 * Starts a server on an address.
 *
 * @param what the log message after the start
 * @throws Failure if it cannot listen
 */
export async function listen(app: FastifyInstance, at: Listener, what: string, logger: Logger): Promise<void> {
  try {
    await app.listen({ host: at.host, port: at.port })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const why = NO_PORT[code] ?? `${reasonOf(error)}: choose another address with`
    throw new Failure(`cannot listen on ${at.text}: ${why} ${at.flag}`, { cause: error })
  }
  const { address: host, port } = app.server.address() as AddressInfo
  logger.info({ host, port }, what)
}
