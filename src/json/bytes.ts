// The bytes that have a meaning in JSON.
export const NEWLINE = 0x0a
export const QUOTE = 0x22
export const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39
export const COLON_BYTE = 0x3a
const BACKSLASH = 0x5c
export const OPEN_LIST = 0x5b
export const CLOSE_LIST = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d

// The classes of bytes outside of strings.
export const SPACE = 1
export const LITERAL = 2
export const LITERAL_START = 3

export const CLASS = new Uint8Array(256)
for (const byte of Buffer.from(' \t\n\r')) CLASS[byte] = SPACE
for (const byte of Buffer.from('+.Eeralsu')) CLASS[byte] = LITERAL
for (const byte of Buffer.from('-0123456789tfn')) CLASS[byte] = LITERAL_START

/**
 * How many more values a value counts for whose name may be a number. V8 keeps it in a list that has a place for each
 * smaller number: with Node 24, such a value takes up to 351 bytes, and most others up to 104.
 */
export const NUMBERED = 3

/** Whether a name that begins with this byte may be a number: with a digit, or with an escape, which may be one. */
export function mayBeNumber(first: number): boolean {
  return (first >= ZERO && first <= NINE) || first === BACKSLASH
}

/** Bytes of a string that are read one by one before the native search: its call costs as much as these. */
const NEAR = 24

/**
 * Returns the position of the quote that ends a string. If the string does not end in these bytes, returns their length or,
 * if the last byte escapes what follows, one more.
 *
 * @param from a position in the string that does not follow a backslash; at most one more than the length
 */
export function closingQuote(bytes: Buffer, from: number): number {
  const { length } = bytes
  let at = from
  for (;;) {
    const near = Math.min(at + NEAR, length)
    for (; at < near; at += 1) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) at += 1
    }
    if (at >= length) return at
    const quote = bytes.indexOf(QUOTE, at)
    const stop = quote < 0 ? length : quote
    let run = stop
    while (run > at && bytes[run - 1] === BACKSLASH) run -= 1
    const isEscaped = (stop - run) % 2 === 1
    if (quote < 0) return isEscaped ? length + 1 : length
    if (!isEscaped) return quote
    at = quote + 1
  }
}
