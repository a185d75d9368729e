/** The value of a scalar to kubectl, or why kubectl rejects it. */
export type Resolved = { readonly value: string | number | boolean | null } | { readonly problem: string }

const WORDS = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
])

/** Numbers that JSON does not have. */
const NOT_IN_JSON = /^(\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF))$/

const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/
/** The longest integer in range, in characters: 64 binary digits after 0b. */
const LONGEST_INTEGER = 66
const [LEAST, MOST, MOST_UNSIGNED] = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n]

/**
 * Returns the value of a scalar without quotes. kubectl reads YAML 1.1, where `yes`, `on` and `0x10` are not strings.
 * A timestamp is a string.
 *
 * Source: go.yaml.in/yaml/v2, resolve.go and decode.go; sigs.k8s.io/yaml.
 */
export function resolvePlain(text: string): Resolved {
  // Most strings are recognized by their first character.
  if (!/^([-+.\d~yYnNtTfFoO]|$)/.test(text)) return { value: text }
  const word = WORDS.get(text)
  if (word !== undefined) return { value: word }
  if (NOT_IN_JSON.test(text)) return { problem: 'is a number that JSON does not have' }
  if (!/^[-+.\d]/.test(text)) return { value: text }
  // Underscores are allowed between digits only after a digit or a sign.
  return { value: number(text.startsWith('.') ? text : text.replaceAll('_', '')) ?? text }
}

function number(text: string): number | undefined {
  const integer = INTEGER.exec(text)
  if (integer) {
    const [, sign = '', written = ''] = integer
    const digits = written.replace(/^(0[xXbBoO]?)0+(?=.)/, '$1')
    // Longer digits are out of range, and take more time than their length.
    const size = digits.length > LONGEST_INTEGER ? MOST_UNSIGNED + 1n : BigInt(digits.replace(/^0[oO]?(?=[0-7])/, '0o'))
    const value = sign === '-' ? -size : size
    if (value >= LEAST && value <= (sign === '' ? MOST_UNSIGNED : MOST)) return Number(value)
  }
  const float = FLOAT.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(float) ? float : undefined
}

const CORE = 'tag:yaml.org,2002:'

// An expression of the whole would exhaust the memory for expressions on 24 MB.
const isBase64 = (text: string) => text.length % 4 === 0 && !/[^A-Za-z\d+/]/.test(text.replace(/==?$/, ''))

/** Returns the value of a scalar, quoted or not, with a tag such as `!!str`. A custom tag makes it a string. */
export function resolveTagged(text: string, tag: string): Resolved {
  if (tag === `${CORE}binary`) {
    const data = text.replaceAll(/[\r\n]/g, '')
    return isBase64(data) ? { value: Buffer.from(data, 'base64').toString('utf8') } : { problem: 'is not base64' }
  }
  if (tag === `${CORE}timestamp`) return { problem: 'has the tag !!timestamp, which is not supported: write a string' }
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
  return { problem: 'has a value that does not match its tag' }
}

function typeOf(value: string | number | boolean | null, text: string): string {
  if (value === null) return 'null'
  if (typeof value !== 'number') return typeof value
  return INTEGER.test(text.replaceAll('_', '')) ? 'integer' : 'number'
}
