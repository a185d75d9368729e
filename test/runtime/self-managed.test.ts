import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { issueAuthority } from '../../src/certificates/issue.ts'
import type { Schedule, Step } from '../../src/certificates/rotation.ts'
import { validityOf } from '../../src/certificates/validity.ts'
import { ApiError } from '../../src/cluster/api-error.ts'
import { SelfManaged } from '../../src/runtime/self-managed.ts'
import { ServedKeyPair } from '../../src/server/tls.ts'
import { A_DAY } from '../harness/validities.ts'

const HOUR = 60 * 60 * 1_000
const NAME = 'deny.refgrant.dev'

/** Nothing is due, and a successor need not wait: the tests count looks, and no time. */
const calm: Schedule = { authorityLifetime: 24 * HOUR, certificateLifetime: HOUR, propagation: 0 }

/** A cluster with one Secret and one registration, which refuses writes to what has changed since. */
class FakeCluster {
  data: Record<string, string> | undefined
  version = 0
  /** The time of the API server, in ms since the epoch. */
  now = Date.now()
  /** The caBundle of the one entry; undefined for none. */
  bundle: string | undefined = ''
  isRegistered = true
  /** Called before each write; what it throws, the replica sees. */
  beforeWrite: () => void = () => {}
  /** Called after each write. */
  afterWrite: () => void = () => {}

  secret = {
    read: async () => (this.data ? { data: this.data, version: this.version } : undefined),
    write: async (read: object | undefined, data: Readonly<Record<string, string>>) => {
      this.beforeWrite()
      const version = (read as { version?: number } | undefined)?.version
      if (version !== (this.data ? this.version : undefined)) throw new ApiError('/secret', 409, 'conflict')
      this.data = { ...data }
      this.version += 1
      this.afterWrite()
    },
  }

  readonly registration = {
    read: async () => this.#live(),
    patch: async (
      operations: readonly { readonly op?: string; readonly path?: string; readonly value?: unknown }[],
    ) => {
      this.beforeWrite()
      const version = operations.find(({ path }) => path === '/metadata/resourceVersion')?.value
      if (version !== this.#resourceVersion) throw new ApiError('/registration', 422, 'test failed')
      this.bundle = String(operations.find(({ op }) => op === 'add')?.value)
      this.afterWrite()
      return this.#live()
    },
  }

  /** PEM of what the API server trusts. */
  get trusted(): string {
    return Buffer.from(this.bundle ?? '', 'base64').toString()
  }

  /** Changes with each change of the entry. */
  get #resourceVersion(): string {
    return createHash('sha256').update(`${this.bundle}`).digest('hex')
  }

  #live() {
    if (!this.isRegistered) return undefined
    const clientConfig = { url: 'https://x', ...(this.bundle !== undefined && { caBundle: this.bundle }) }
    return { metadata: { resourceVersion: this.#resourceVersion }, webhooks: [{ name: NAME, clientConfig }] }
  }
}

/** A replica, which takes its steps when it is told to. */
class Replica {
  readonly keyPair = new ServedKeyPair()
  readonly steps: Step[] = []
  readonly log: Record<string, unknown>[] = []
  failed = 0
  readonly task: SelfManaged

  constructor(cluster: FakeCluster, schedule = calm) {
    const { secret, registration } = cluster
    this.task = new SelfManaged({
      secret,
      registration,
      clock: { now: () => cluster.now, ahead: Date.now() - cluster.now },
      entries: new Set([NAME]),
      hosts: ['refgrant.refgrant-system.svc'],
      schedule,
      keyPair: this.keyPair,
      logger: pino({ base: null }, { write: (line: string) => this.log.push(JSON.parse(line)) }),
      observer: {
        step: (step) => this.steps.push(step),
        renewal: (result) => {
          if (result === 'failed') this.failed += 1
        },
      },
    })
  }

  async look(times = 1): Promise<void> {
    for (let n = 0; n < times; n += 1) await this.task.look(new AbortController().signal)
  }

  /** Whether an API server that trusts this bundle accepts the certificate. */
  isTrustedBy(bundle: string): boolean {
    const leaf = new X509Certificate(this.keyPair.current?.cert ?? '')
    const authorities = bundle.match(/-----BEGIN.*?END CERTIFICATE-----/gs) ?? []
    return authorities
      .map((pem) => new X509Certificate(pem))
      .some((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey))
  }

  /** Whether the certificate and its authority are valid at this time, in ms since the epoch. */
  isValidAt(now: number): boolean {
    const certs = [this.keyPair.current?.cert, this.task.authorities?.current.cert]
    return certs.map((cert) => validityOf(cert ?? '')).every(({ from, to }) => +from <= now && now < +to)
  }

  get isReady(): boolean {
    return this.task.checks().every(({ ok }) => ok)
  }
}

/** Puts an authority that is due into the cluster, trusted, as after two thirds of its life. */
async function old(cluster: FakeCluster): Promise<void> {
  const short = new Replica(cluster, { ...calm, authorityLifetime: HOUR })
  await short.look(2)
}

suite('self-managed certificates', () => {
  test('begin: an authority, a certificate, and trust in the entry', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    assert.equal(replica.isReady, false)
    await replica.look(3)
    assert.deepEqual(replica.steps, ['begin', 'trust'])
    assert.ok(replica.isTrustedBy(cluster.trusted) && replica.isReady)
    assert.deepEqual(Object.keys(cluster.data ?? {}), ['ca.crt', 'ca.key'])
  })

  test('are ready without the entry, and stay ready', async () => {
    const cluster = new FakeCluster()
    cluster.isRegistered = false
    const replica = new Replica(cluster)
    await replica.look(2)
    assert.deepEqual([replica.steps, replica.isReady], [['begin'], true])
  })

  test('share one authority, whichever of them creates it', async () => {
    const cluster = new FakeCluster()
    const replicas = [1, 2, 3].map(() => new Replica(cluster))
    for (let n = 0; n < 3; n += 1) await Promise.all(replicas.map((replica) => replica.look()))
    assert.equal(replicas.flatMap(({ steps }) => steps).filter((step) => step === 'begin').length, 1)
    for (const replica of replicas) assert.ok(replica.isTrustedBy(cluster.trusted))
    assert.deepEqual(
      replicas.map(({ failed }) => failed),
      [0, 0, 0],
    )
  })

  test('fill a Secret without data, and write over one that cannot be used', async () => {
    for (const data of [{}, { 'ca.crt': 'AAAA', other: 'x' }]) {
      const cluster = new FakeCluster()
      cluster.data = data as Record<string, string>
      const replica = new Replica(cluster)
      await replica.look(2)
      assert.ok(replica.isTrustedBy(cluster.trusted))
    }
  })

  test('change over to a successor that the API server trusts, and no certificate is ever not trusted', async () => {
    const cluster = new FakeCluster()
    await old(cluster)
    const [one, other] = [new Replica(cluster), new Replica(cluster)]
    await other.look()
    const moments: boolean[] = []
    cluster.afterWrite = () => moments.push(other.isTrustedBy(cluster.trusted))
    const before = other.keyPair.current?.cert
    await one.look(5)
    await other.look(2)
    assert.deepEqual([...other.steps, ...one.steps], ['prepare', 'trust', 'promote'])
    assert.deepEqual(moments, [true, true])
    assert.notEqual(other.keyPair.current?.cert, before)
    assert.ok(one.isTrustedBy(cluster.trusted) && other.isTrustedBy(cluster.trusted))
    assert.deepEqual(Object.keys(cluster.data ?? {}), ['ca.crt', 'ca.key', 'previous.crt'])
  })

  test('recover a Secret that is lost or broken, without an untrusted moment, and change the authority', async () => {
    for (const loss of [undefined, { 'ca.crt': 'AAAA' }]) {
      const cluster = new FakeCluster()
      const replica = new Replica(cluster)
      await replica.look(2)
      const before = cluster.data?.['ca.crt']
      cluster.data = loss
      await replica.look()
      assert.equal(cluster.data?.['ca.crt'], before)
      assert.ok(replica.isTrustedBy(cluster.trusted))
      await replica.look(2)
      assert.deepEqual(replica.steps, ['begin', 'trust', 'recover', 'trust', 'promote'])
      assert.notEqual(cluster.data?.['ca.crt'], before)
      assert.ok(replica.isTrustedBy(cluster.trusted))
    }
  })

  test('repair an entry that was emptied or overwritten', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    await replica.look(2)
    const stranger = Buffer.from(issueAuthority('stranger', A_DAY).cert).toString('base64')
    for (const bundle of ['', stranger]) {
      cluster.bundle = bundle
      await replica.look()
      assert.ok(replica.isTrustedBy(cluster.trusted))
    }
  })

  test('repair an entry while the Secret is broken and cannot be written', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    await replica.look(2)
    cluster.data = { 'ca.crt': 'AAAA' }
    const { write } = cluster.secret
    cluster.secret.write = async () => {
      throw new ApiError('/secret', 422, 'immutable')
    }
    cluster.bundle = ''
    await replica.look()
    assert.ok(replica.isTrustedBy(cluster.trusted))
    cluster.secret.write = write
    await replica.look(3)
    assert.deepEqual(replica.steps, ['begin', 'trust', 'trust', 'recover', 'trust', 'promote'])
  })

  test('are renewed before the API server answers: a process that was suspended has an expired one', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    await replica.look(2)
    const before = replica.keyPair.current
    cluster.now += 2 * HOUR
    const { read } = cluster.registration
    cluster.registration.read = async () => {
      assert.notEqual(replica.keyPair.current, before)
      return read()
    }
    await replica.look()
    assert.notEqual(replica.keyPair.current, before)
    assert.equal(replica.failed, 0)
    await replica.look(2)
    assert.deepEqual(
      replica.log.filter(({ reason }) => reason),
      [],
    )
  })

  test('follow the clock of the API server, by which they are verified', async (context) => {
    const cluster = new FakeCluster()
    const first = new Replica(cluster)
    await first.look(2)
    const before = cluster.data
    for (const days of [-400, 400]) {
      context.mock.timers.enable({ apis: ['Date'], now: cluster.now + days * 24 * HOUR })
      const replica = new Replica(cluster)
      await replica.look(2)
      context.mock.timers.reset()
      assert.deepEqual([replica.steps, cluster.data], [[], before])
      assert.ok(replica.isTrustedBy(cluster.trusted) && replica.isValidAt(cluster.now))
      const warnings = replica.log.filter(({ level }) => level === 40)
      assert.deepEqual(
        warnings.map(({ aheadSeconds }) => aheadSeconds),
        [days * 24 * 60 * 60],
      )
    }
  })

  test('replace an authority that is not valid yet for the API server', async () => {
    const cluster = new FakeCluster()
    cluster.now += 48 * HOUR
    await new Replica(cluster).look(2)
    cluster.now -= 48 * HOUR
    const replica = new Replica(cluster)
    await replica.look(2)
    assert.deepEqual(replica.steps, ['begin', 'trust'])
    assert.ok(replica.isTrustedBy(cluster.trusted) && replica.isValidAt(cluster.now))
  })

  test('go on if the registration is deleted and created again at any moment of a change over', async () => {
    for (let moment = 0; moment < 4; moment += 1) {
      const cluster = new FakeCluster()
      await old(cluster)
      const replica = new Replica(cluster)
      await replica.look(moment)
      cluster.isRegistered = false
      await replica.look(moment)
      cluster.isRegistered = true
      cluster.bundle = ''
      await replica.look()
      assert.ok(replica.isTrustedBy(cluster.trusted), `moment ${moment}`)
      await replica.look(4)
      assert.ok(replica.isTrustedBy(cluster.trusted), `moment ${moment}`)
      assert.deepEqual(Object.keys(cluster.data ?? {}), ['ca.crt', 'ca.key', 'previous.crt'])
    }
  })

  test('of replicas with other lifetimes and names come to rest', async () => {
    const cluster = new FakeCluster()
    const lifetimes = [HOUR, 24 * HOUR, 365 * 24 * HOUR]
    const replicas = lifetimes.map((authorityLifetime) => new Replica(cluster, { ...calm, authorityLifetime }))
    const look = async () => {
      for (const replica of replicas) await replica.look()
    }
    // The Secret is lost once, so that the replica with the shortest lifetime makes a successor.
    for (const loss of [false, true]) {
      if (loss) cluster.data = undefined
      for (let n = 0; n < 15; n += 1) await look()
      let writes = 0
      cluster.afterWrite = () => {
        writes += 1
      }
      for (let n = 0; n < 10; n += 1) await look()
      assert.equal(writes, 0)
      cluster.afterWrite = () => {}
    }
  })

  test('write once for each look while somebody undoes each write, and warn of it', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    await replica.look(2)
    let writes = 0
    cluster.afterWrite = () => {
      writes += 1
    }
    for (let n = 0; n < 20; n += 1) {
      cluster.bundle = ''
      await replica.look()
    }
    assert.equal(writes, 20)
    const warnings = replica.log.filter(({ level }) => level === 40)
    assert.deepEqual([warnings.map(({ step }) => step), replica.failed], [['trust'], 1])
    assert.equal(replica.log.filter(({ msg }) => msg === 'reconciled the certificate authorities').length, 2)
  })

  test('do not warn of two steps of one kind if another replica has changed the authorities in between', async () => {
    const cluster = new FakeCluster()
    const [replica, other] = [new Replica(cluster), new Replica(cluster, { ...calm, authorityLifetime: 96 * HOUR })]
    await replica.look(2)
    await other.look()
    await replica.look()
    assert.deepEqual([replica.steps, other.steps], [['begin', 'trust', 'trust'], ['prepare']])
    assert.ok(replica.log.every(({ level }) => level === 30))
  })

  test('do not warn of a write that only fails at first', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    await replica.look(1)
    cluster.beforeWrite = () => {
      cluster.beforeWrite = () => {}
      throw new ApiError('/registration', 500, 'failed')
    }
    await replica.look(3)
    assert.deepEqual(replica.steps, ['begin', 'trust'])
    assert.ok(replica.log.every(({ level }) => level === 30))
  })

  test('do not write without a pause while somebody undoes each write', async () => {
    const cluster = new FakeCluster()
    cluster.isRegistered = false
    let writes = 0
    cluster.afterWrite = () => {
      writes += 1
      cluster.data = undefined
    }
    const stop = new AbortController()
    const { task } = new Replica(cluster, { ...calm, propagation: HOUR })
    const running = task.run(stop.signal)
    for (let n = 0; n < 200; n += 1) await turn()
    stop.abort()
    await running
    // It begins, and recovers twice: then it pauses.
    assert.equal(writes, 3)
  })

  test('report a problem that lasts, once, and go on when it is over', async () => {
    const cluster = new FakeCluster()
    const replica = new Replica(cluster)
    cluster.beforeWrite = () => {
      throw new ApiError('/secret', 403, 'forbidden')
    }
    await replica.look(2)
    assert.deepEqual([replica.failed, replica.isReady], [0, false])
    await replica.look(3)
    assert.equal(replica.failed, 1)
    assert.deepEqual(
      replica.log.map(({ reason }) => reason),
      ['/secret: HTTP 403: forbidden'],
    )
    cluster.beforeWrite = () => {}
    await replica.look(2)
    assert.ok(replica.isReady)
  })
})

suite('a change over goes on, and no certificate is ever not trusted, if', () => {
  const fails = new ApiError('/', 500, 'failed')
  const faults: Record<string, [when: 'beforeWrite' | 'afterWrite', isFaulty: (write: number) => boolean]> = {
    'the first try of each write is refused': ['beforeWrite', (write) => write % 2 === 1],
    'two tries of three are refused': ['beforeWrite', (write) => write % 3 > 0],
    'the answer to each write is lost': ['afterWrite', () => true],
    'the answer to every other write is lost': ['afterWrite', (write) => write % 2 === 1],
  }
  for (const [title, [when, isFaulty]] of Object.entries(faults))
    test(title, async () => {
      const cluster = new FakeCluster()
      await old(cluster)
      const replicas = [new Replica(cluster), new Replica(cluster)]
      let writes = 0
      cluster[when] = () => {
        writes += 1
        if (isFaulty(writes)) throw fails
      }
      for (let n = 0; n < 20; n += 1)
        for (const replica of replicas) {
          await replica.look()
          for (const one of replicas.filter(({ keyPair }) => keyPair.current))
            assert.ok(one.isTrustedBy(cluster.trusted), `after write ${writes}`)
        }
      assert.deepEqual(Object.keys(cluster.data ?? {}), ['ca.crt', 'ca.key', 'previous.crt'])
    })
})

/** A replica ends at its n-th write, before the API server has it or after. */
for (const when of ['beforeWrite', 'afterWrite'] as const)
  for (const [title, prepare] of [
    ['the beginning', async () => {}],
    ['a change over', old],
  ] as const)
    test(`a replica that ends ${when === 'beforeWrite' ? 'before' : 'after'} any write of ${title} has a successor that goes on`, async () => {
      for (let fatal = 1; ; fatal += 1) {
        const cluster = new FakeCluster()
        await prepare(cluster)
        let writes = 0
        cluster[when] = () => {
          writes += 1
          if (writes === fatal) throw new Error('killed')
        }
        await new Replica(cluster).look(fatal)
        const wasKilled = writes >= fatal
        cluster[when] = () => {}
        const successor = new Replica(cluster)
        await successor.look()
        if (title === 'a change over') assert.ok(successor.isTrustedBy(cluster.trusted), `write ${fatal}`)
        await successor.look(5)
        assert.ok(successor.isReady && successor.isTrustedBy(cluster.trusted), `write ${fatal}`)
        assert.ok(!('next.crt' in (cluster.data ?? {})))
        if (!wasKilled) break
      }
    })
