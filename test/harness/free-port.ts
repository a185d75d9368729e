import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Ports that no system gives to a connection or a listener by itself, so that none takes one before its test does. */
const [LEAST, MOST] = [15_000, 30_000]

/** A port of this machine on which nothing listens now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LEAST, MOST)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}
