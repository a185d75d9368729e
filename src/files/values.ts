import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { quote } from '../policy/quote.ts'

/** Why a document has no value that JSON could hold; `line` counts from 1. */
export class ValueError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * Values that the aliases of one text may stand for. Others walk through an alias as if its value were written there,
 * and a few lines of aliases to aliases can stand for more than memory holds.
 */
const MOST_BY_ALIASES = 1_000_000

/** Where the parts of an object or a list are written: their lines by key or by index. */
type Lines = Map<string, number> | number[]

/** Makes values of the nodes of one text, and knows where their parts are written. */
export class LimitedValues {
  readonly #lineAt: (offset: number) => number
  readonly #lines = new WeakMap<object, Lines>()
  #anchors = new Map<string, { readonly value: unknown; readonly size: number }>()
  /** Values so far, what aliases stand for included; and these alone. */
  #count = 0
  #byAliases = 0

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt
  }

  /**
   * The value of a document. An alias is the same value as its anchor, once more.
   *
   * @throws ValueError if a key is given twice, an alias has no anchor before it, or aliases stand for too much
   */
  valueOf(contents: unknown): unknown {
    this.#anchors = new Map()
    return this.#valueOf(contents)
  }

  /** The line of a part of a value, by keys and indexes; of what encloses it, where the part is not written. */
  lineOf(value: unknown, line: number, steps: readonly (string | number)[]): number {
    let enclosing = line
    let part = value
    for (const step of steps) {
      const lines = this.#lines.get(part as object)
      const found = lines instanceof Map ? lines.get(String(step)) : lines?.[Number(step)]
      if (found === undefined) break
      enclosing = found
      part = (part as Record<string | number, unknown>)[step]
    }
    return enclosing
  }

  #valueOf(node: unknown): unknown {
    if (isAlias(node)) return this.#aliased(node.source, node)
    const before = this.#count
    this.#count += 1
    const value = this.#contentOf(node)
    const anchor = (node as Node | null)?.anchor
    if (anchor !== undefined) this.#anchors.set(anchor, { value, size: this.#count - before })
    return value
  }

  #contentOf(node: unknown): unknown {
    if (isMap(node)) return this.#object(node)
    if (isSeq(node)) return this.#list(node)
    if (!isScalar(node)) return null
    // What stands for `<<` where that merges nothing.
    return typeof node.value === 'symbol' ? node.value.description : node.value
  }

  #aliased(name: string, node: unknown): unknown {
    const anchor = this.#anchors.get(name)
    if (!anchor) throw new ValueError(this.#lineOf(node), `the alias ${quote(name)} has no anchor before it`)
    this.#count += anchor.size
    this.#byAliases += anchor.size
    if (this.#byAliases > MOST_BY_ALIASES)
      throw new ValueError(this.#lineOf(node), `aliases stand for more than ${MOST_BY_ALIASES} values up to here`)
    return anchor.value
  }

  #list({ items }: YAMLSeq): unknown[] {
    const list: unknown[] = []
    const lines: number[] = []
    for (const item of items) {
      list.push(this.#valueOf(item))
      lines.push(this.#lineOf(item))
    }
    this.#lines.set(list, lines)
    return list
  }

  #object({ items }: YAMLMap): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    const lines = new Map<string, number>()
    this.#lines.set(object, lines)
    const written = new Set<string>()
    for (const pair of items) {
      const value = this.#valueOf(pair.value)
      if (isMerge(pair)) {
        this.#merge(object, lines, value, this.#lineOf(pair.key))
        continue
      }
      const key = this.#key(pair.key)
      if (written.has(key))
        throw new ValueError(this.#lineOf(pair.key), `keys must be unique, and ${quote(key)} is given twice`)
      written.add(key)
      define(object, key, value)
      lines.set(key, this.#lineOf(pair.value, this.#lineOf(pair.key)))
    }
    return object
  }

  /** Adds what an object does not have yet; keys that are written in it win, before and after. */
  #merge(object: Record<string, unknown>, lines: Map<string, number>, value: unknown, line: number): void {
    for (const source of Array.isArray(value) ? value : [value]) {
      const from = this.#lines.get(source as object)
      if (!(from instanceof Map)) throw new ValueError(line, 'only objects can be merged')
      for (const [key, place] of from) {
        if (lines.has(key)) continue
        define(object, key, (source as Record<string, unknown>)[key])
        lines.set(key, place)
      }
    }
  }

  #key(node: unknown): string {
    const value = this.#valueOf(node)
    if (typeof value === 'object' && value !== null)
      throw new ValueError(this.#lineOf(node), 'a list or an object cannot be a key')
    return value === null ? '' : String(value)
  }

  #lineOf(node: unknown, otherwise = 1): number {
    const range = (node as Node | null)?.range
    return range ? this.#lineAt(range[0]) : otherwise
  }
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && typeof key.value === 'symbol'
}

/** Sets a property, of whatever name: an assignment to `__proto__` would be something else. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
}
