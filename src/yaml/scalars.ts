/** What a scalar means to kubectl, or why it means nothing to it. */
export type Resolved = { readonly value: string | number | boolean | null } | { readonly problem: string }

const WORDS = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
])

/** Numbers that JSON has not. */
const NO_JSON = /^(\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF))$/

const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/
const [LEAST, MOST, MOST_UNSIGNED] = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n]

/**
 * The value of a scalar that stands without quotes: kubectl reads YAML 1.1, where `yes`, `on` and `0x10` are no texts.
 * A time is a text.
 *
 * Source: go.yaml.in/yaml/v2, resolve.go and decode.go; sigs.k8s.io/yaml.
 */
export function resolvePlain(text: string): Resolved {
  // Most texts are ruled out by how they begin.
  if (!/^([-+.\d~yYnNtTfFoO]|$)/.test(text)) return { value: text }
  const word = WORDS.get(text)
  if (word !== undefined) return { value: word }
  if (NO_JSON.test(text)) return { problem: 'has a number that JSON has not' }
  if (!/^[-+.\d]/.test(text)) return { value: text }
  // Only where a digit or a sign comes first, underscores may stand between digits.
  return { value: number(text.startsWith('.') ? text : text.replaceAll('_', '')) ?? text }
}

function number(text: string): number | undefined {
  const integer = INTEGER.exec(text)
  if (integer) {
    const [, sign = '', digits = ''] = integer
    const size = BigInt(digits.replace(/^0[oO]?(?=[0-7])/, '0o'))
    const value = sign === '-' ? -size : size
    if (value >= LEAST && value <= (sign === '' ? MOST_UNSIGNED : MOST)) return Number(value)
  }
  const float = FLOAT.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(float) ? float : undefined
}

const CORE = 'tag:yaml.org,2002:'
const BASE64 = /^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/

/** The value of a scalar, quoted or not, that has a tag such as `!!str`. A tag of somebody's own makes a text of it. */
export function resolveTagged(text: string, tag: string): Resolved {
  if (tag === `${CORE}binary`) {
    const data = text.replaceAll(/[\r\n]/g, '')
    return BASE64.test(data) ? { value: Buffer.from(data, 'base64').toString('utf8') } : { problem: 'has no base64' }
  }
  if (tag === `${CORE}timestamp`) return { problem: 'has the tag !!timestamp, which is not read: write a text' }
  const types: Record<string, string[]> = {
    null: ['null'],
    bool: ['boolean'],
    int: ['integer'],
    float: ['integer', 'number'],
  }
  const allowed = tag.startsWith(CORE) ? types[tag.slice(CORE.length)] : undefined
  if (!allowed) return { value: text }
  const resolved = resolvePlain(text)
  if ('problem' in resolved || allowed.includes(typeOf(resolved.value, text))) return resolved
  return { problem: `has a tag that its value does not fit` }
}

function typeOf(value: string | number | boolean | null, text: string): string {
  if (value === null) return 'null'
  if (typeof value !== 'number') return typeof value
  return INTEGER.test(text.replaceAll('_', '')) ? 'integer' : 'number'
}
