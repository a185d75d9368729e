import { pino } from 'pino'
import { issueAuthority, issueServer } from '../../../src/certificates/issue.ts'
import { lookupIn } from '../../../src/policy/grant-index.ts'
import { type AppOptions, buildApp } from '../../../src/server/app.ts'
import { Capacity } from '../../../src/server/capacity.ts'
import { UNOBSERVED } from '../../../src/server/observer.ts'
import { ServedKeyPair } from '../../../src/server/tls.ts'
import { A_DAY } from '../validities.ts'
import { sourceOf } from './grant-source.ts'
import { defaultSettings } from './settings.ts'

const pair = issueServer(issueAuthority('test', A_DAY), ['localhost', '127.0.0.1'], A_DAY)

/** Builds a server without grants and without a log, but for what a test needs otherwise. It does not listen yet. */
export function appWith(change: Partial<AppOptions>) {
  return buildApp({
    settings: () => defaultSettings,
    source: sourceOf(lookupIn([])),
    keyPair: new ServedKeyPair(pair),
    logger: pino({ level: 'silent' }),
    capacity: new Capacity(() => 0),
    observer: UNOBSERVED,
    ...change,
  })
}
