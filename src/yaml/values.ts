import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml'
import { quote } from '../wording/quote.ts'
import { type Aliases, countAlias } from './aliases.ts'
import { define } from './define.ts'
import { isMerge, isPlain, resolve } from './nodes.ts'
import { packed, type Range, unpacked } from './ranges.ts'
import { type Chunk, DocumentError, SEPARATORS } from './stream.ts'

/** The ranges of the parts of an object or a list, by key or by index. An object has the shape of its ranges, which saves memory. */
type Ranges = Record<string, number> | number[]

/** The value of an anchor, and its size in values, which is undefined until its end. */
interface Anchor {
  value: unknown
  size: number | undefined
}

/** Converts the nodes of a document into values, and records the ranges of their parts. */
export class LimitedValues {
  readonly #lineAt: (offset: number) => number
  readonly #ranges = new Map<object, Ranges>()
  /** The range of the whole value. */
  #whole = 0
  /** The end of the last scalar, alias or closing bracket so far. */
  #end = 0
  #anchors = new Map<string, Anchor>()
  readonly #aliases: Aliases
  /** The values so far, including those of aliases. */
  #count = 0
  #written: string
  readonly #isSeparated: boolean
  readonly #isJson: boolean

  constructor({ written, isSeparated, isJson }: Chunk, lineAt: (offset: number) => number, aliases: Aliases) {
    this.#written = written
    this.#isSeparated = isSeparated
    this.#isJson = isJson
    this.#lineAt = lineAt
    this.#aliases = aliases
  }

  /**
   * Returns the value of a document. An alias has the same value, not a copy, as its anchor.
   *
   * @throws DocumentError if a key is given twice, an alias has no anchor before it, or aliases stand for too much
   */
  valueOf(contents: unknown): unknown {
    this.#anchors = new Map()
    const value = this.#valueOf(contents)
    this.#whole = this.#rangeOf(contents, null)
    // rangeAt() needs neither, and would keep the whole file in memory.
    this.#written = ''
    this.#anchors.clear()
    return value
  }

  /** Returns the range of a part, by keys and indexes; the range of the nearest enclosing part if that part is absent. */
  rangeAt(value: unknown, steps: readonly (string | number)[]): Range {
    let enclosing = this.#whole
    let part = value
    for (const step of steps) {
      const ranges = this.#ranges.get(part as object)
      const found =
        ranges && Object.hasOwn(ranges, step) ? (ranges as Record<string | number, number>)[step] : undefined
      if (found === undefined) break
      enclosing = found
      part = (part as Record<string | number, unknown>)[step]
    }
    return unpacked(enclosing)
  }

  #valueOf(node: unknown): unknown {
    const value = this.#anchoredOf(node)
    this.#endAt(node)
    return value
  }

  #anchoredOf(node: unknown): unknown {
    if (isAlias(node)) return this.#aliased(node.source, node)
    const before = this.#count
    this.#count += 1
    const name = (node as Node | null)?.anchor
    if (name === undefined) return this.#contentOf(node)
    this.#anchorName(name, node)
    // Set at the beginning of the anchor, so that an inner anchor with the same name replaces it.
    const anchor: Anchor = { value: undefined, size: undefined }
    this.#anchors.set(name, anchor)
    anchor.value = this.#contentOf(node)
    anchor.size = this.#count - before
    return anchor.value
  }

  #contentOf(node: unknown): unknown {
    if (isMap(node)) return this.#object(node)
    if (isSeq(node)) return this.#list(node)
    if (!isScalar(node)) return null
    this.#refuseAmbiguous(node)
    const resolved = resolve(node)
    if ('problem' in resolved) throw new DocumentError(this.#lineOf(node), `this ${resolved.problem}`)
    return resolved.value
  }

  /** Rejects a string that the YAML library reads differently from kubectl. */
  #refuseAmbiguous({ type, range }: Scalar): void {
    if (!range) return
    const [begin, end] = range
    if (this.#isSeparated && SEPARATORS.test(this.#written.slice(begin, end)))
      throw new DocumentError(
        this.#lineAt(begin),
        'this string holds U+2028 or U+2029: write "\\u2028" in double quotes',
      )
    if (type === 'QUOTE_DOUBLE' && !this.#isJson && hasEscapedSlash(this.#written.slice(begin, end)))
      throw new DocumentError(this.#lineAt(begin), 'kubectl does not know the escape \\/ in YAML: write /')
    if (type?.startsWith('BLOCK') && /^[|>][-+]?\d/.test(this.#written.slice(begin, begin + 3))) {
      BLANK_LINE.lastIndex = begin + this.#written.slice(begin, end).trimEnd().length
      if (BLANK_LINE.test(this.#written)) throw new DocumentError(this.#lineAt(BLANK_LINE.lastIndex), BLANKS)
    }
  }

  /** Rejects anchors whose name ends earlier for kubectl than for the YAML library. */
  #anchorName(name: string, node: unknown): void {
    if (!/^[\w-]+$/.test(name))
      throw new DocumentError(
        this.#lineOf(node),
        `the anchor ${quote(name)} has other characters than a-z, 0-9, _ and -`,
      )
  }

  #aliased(name: string, node: unknown): unknown {
    this.#anchorName(name, node)
    const anchor = this.#anchors.get(name)
    if (anchor?.size === undefined)
      throw new DocumentError(this.#lineOf(node), `the alias ${quote(name)} has no anchor before it`)
    this.#count += anchor.size
    countAlias(this.#aliases, anchor.size, this.#lineOf(node))
    return anchor.value
  }

  #list({ items }: YAMLSeq): unknown[] {
    const list: unknown[] = []
    const ranges: number[] = []
    for (const item of items) {
      list.push(this.#valueOf(item))
      ranges.push(this.#rangeOf(item, null))
    }
    this.#ranges.set(list, ranges)
    return list
  }

  #object({ items }: YAMLMap): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    const ranges: Record<string, number> = {}
    this.#ranges.set(object, ranges)
    const written = new Set<string>()
    for (const pair of items) {
      if (isMerge(pair.key)) {
        this.#merge(object, ranges, pair.value, this.#lineOf(pair.key))
        continue
      }
      const key = this.#key(pair.key)
      const value = this.#valueOf(pair.value)
      if (written.has(key))
        throw new DocumentError(this.#lineOf(pair.key), `keys must be unique, and ${quote(key)} is given twice`)
      written.add(key)
      define(object, key, value)
      define(ranges, key, this.#rangeOf(pair.value, pair.key))
    }
    return object
  }

  /**
   * Sets the keys of the merged objects, and overwrites keys that were set before. A key after the merge wins, and of
   * several merged objects the first.
   *
   * Source: go.yaml.in/yaml/v2, decode.go (merge), which differs from the specification of merge keys here.
   */
  #merge(object: Record<string, unknown>, ranges: Record<string, number>, node: unknown, line: number): void {
    const sources = isSeq(node) ? node.items.map((item) => this.#valueOf(item)) : [this.#valueOf(node)]
    for (const source of sources.reverse()) {
      const from = this.#ranges.get(source as object)
      if (!from || Array.isArray(from)) throw new DocumentError(line, 'only objects can be merged')
      for (const [key, place] of Object.entries(from)) {
        define(object, key, (source as Record<string, unknown>)[key])
        define(ranges, key, place)
      }
    }
  }

  #key(node: unknown): string {
    if (isMap(node) || isSeq(node)) throw new DocumentError(this.#lineOf(node), NO_KEY)
    if (isScalar(node) && isPlain(node) && node.range && GLUED_COLON.test(this.#after(node.range[1])))
      throw new DocumentError(
        this.#lineOf(node),
        'kubectl reads this colon as a part of the key: write a space after it',
      )
    const value = this.#valueOf(node)
    if (typeof value === 'object' && value !== null) throw new DocumentError(this.#lineOf(node), NO_KEY)
    if (value === null || (typeof value === 'number' && !Number.isSafeInteger(value)))
      throw new DocumentError(this.#lineOf(node), 'this key is not a string: write it in quotes')
    return String(value)
  }

  /** Returns two characters after a key and white space. */
  #after(end: number): string {
    let at = end
    while (' \t'.includes(this.#written.charAt(at)) && at < this.#written.length) at += 1
    return this.#written.slice(at, at + 2)
  }

  #lineOf(node: unknown): number {
    return this.#lineAt((node as Node | null)?.range?.[0] ?? 0)
  }

  /** Records the end of a node without parts after it; that of an object or a list without brackets is the end of its last part. */
  #endAt(node: unknown): void {
    const { range, flow = isScalar(node) || isAlias(node) } = (node ?? {}) as Node & { flow?: boolean }
    if (!range || !flow || range[0] === range[1]) return
    const isBlock = isScalar(node) && node.type?.startsWith('BLOCK')
    this.#end = isBlock ? range[0] + this.#written.slice(range[0], range[1]).trimEnd().length : range[1]
  }

  /** Returns the range of a node that was just read; that of its key if the node is absent or empty. */
  #rangeOf(node: unknown, key: unknown): number {
    const [begin, end] = (node as Node | null)?.range ?? [0, 0]
    return packed(begin === end ? ((key as Node | null)?.range?.[0] ?? begin) : begin, this.#end)
  }
}

/** Source: go.yaml.in/yaml/v2, scannerc.go (yaml_parser_scan_flow_scalar). */
function hasEscapedSlash(text: string): boolean {
  let at = text.indexOf('\\')
  while (at !== -1 && text.charAt(at + 1) !== '/') at = text.indexOf('\\', at + 2)
  return at !== -1
}

/** After a string whose indentation is given by a number, kubectl keeps the spaces beyond that indentation. */
const BLANK_LINE = /[ \t]*[\n\u2028\u2029]+[ \t]+(?=[\n\u2028\u2029]|$)/y

const BLANKS = 'this line of spaces may belong to the string before it: remove the spaces'
const GLUED_COLON = /^:[,[\]{}]/

export const NO_KEY = 'a list or an object cannot be a key: correct the indentation, or write a text in quotes'
