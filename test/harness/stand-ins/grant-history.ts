interface Change {
  readonly version: number
  /** When it happened, in ms. */
  readonly at: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly name: string
  readonly target: string
}

/** A grant as it was from one moment until another, in ms. */
interface Period {
  readonly name: string
  readonly target: string
  readonly from: number
  to: number
}

/** What grants there were, and when: each by its name and what it permits. */
export class GrantHistory {
  /** The version of now. */
  version = 1
  readonly content = new Map<string, string>()
  readonly #changes: Change[] = []
  readonly #periods: Period[] = []

  write(name: string, target: string, now: number): void {
    const type = this.content.has(name) ? 'MODIFIED' : 'ADDED'
    this.#end(name, now)
    this.content.set(name, target)
    this.#periods.push({ name, target, from: now, to: Infinity })
    this.#changes.push({ version: this.pass(), at: now, type, name, target })
  }

  delete(name: string, now: number): void {
    const target = this.content.get(name)
    if (target === undefined) return
    this.#end(name, now)
    this.content.delete(name)
    this.#changes.push({ version: this.pass(), at: now, type: 'DELETED', name, target })
  }

  /** Goes on to the next version, in which nothing changes. */
  pass(): number {
    this.version += 1
    return this.version
  }

  /** The grants at a version. */
  at(version: number): Map<string, string> {
    const grants = new Map<string, string>()
    for (const { version: then, type, name, target } of this.#changes) {
      if (then > version) break
      if (type === 'DELETED') grants.delete(name)
      else grants.set(name, target)
    }
    return grants
  }

  /** The first change after a version. */
  after(version: number): Change | undefined {
    return this.#changes.find((change) => change.version > version)
  }

  /** The last changes up to a version. */
  before(version: number, count: number): Change[] {
    const before = this.#changes.filter((change) => change.version <= version)
    return before.slice(before.length - Math.min(count, before.length))
  }

  /** Whether there was such a grant at this moment, or at any since. */
  wasSince(name: string, target: string | undefined, since: number): boolean {
    return this.#periods.some((one) => one.name === name && one.target === target && one.to >= since)
  }

  /** The grants that there were before a moment already, and always since. */
  *alwaysSince(since: number): Generator<{ readonly name: string; readonly target: string }> {
    for (const one of this.#periods) if (one.to === Infinity && one.from < since) yield one
  }

  #end(name: string, now: number): void {
    for (const one of this.#periods) if (one.name === name && one.to === Infinity) one.to = now
  }
}
