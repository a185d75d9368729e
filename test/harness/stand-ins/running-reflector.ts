import type { TestContext } from 'node:test'
import type { FakeApiServer } from './fake-api-server.ts'

/** Runs a reflector of a fake API server until the test ends, or until the test stops it. */
export function runUntilEnd(
  t: TestContext,
  reflector: { run(signal: AbortSignal): Promise<void> },
  server: FakeApiServer,
): { readonly stop: AbortController; readonly ended: Promise<void> } {
  const stop = new AbortController()
  const ended = reflector.run(stop.signal)
  t.after(async () => {
    stop.abort()
    await ended
    server.close()
  })
  return { stop, ended }
}
