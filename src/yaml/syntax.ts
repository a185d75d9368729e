/** The messages of the YAML library, and plain sentences for them. Source: yaml, dist/compose and dist/parse. */
const SENTENCES: readonly (readonly [message: RegExp, sentence: string])[] = [
  [/^Tabs are not allowed/, 'a tab indents this line: write spaces'],
  [/^Implicit map keys need/, 'a colon is missing in this line: write KEY: VALUE'],
  [/^Implicit keys? .*single line/, 'a colon, a comma or a quote is missing in this line or the next'],
  [/^Nested mappings/, 'this value has a colon: write it in quotes, or correct the indentation of the next line'],
  [/^Missing closing/, 'a string in quotes does not end: write the closing quote'],
  [/^Flow (map|sequence) in/, 'a bracket or a brace is not closed, or its end is indented too little'],
  [/^Missing , or : between|^Missing , between/, 'a comma is missing between two entries in brackets or braces'],
  [/^Unexpected (,|empty item) in/, 'there is a comma without an entry before it'],
  [/^Missing space after :/, 'write a space after the colon'],
  [/^Comments must be separated/, 'write a space before #'],
  [/^Tags and anchors must be separated/, 'write a space after the tag or the anchor'],
  [/^Block collections are not allowed/, 'lists with - and keys without braces cannot be in brackets or braces'],
  [/^All mapping items/, 'this key is not indented as the other keys of its object'],
  [/^All sequence items|^Sequence item without/, 'this is not indented as the other entries of its list'],
  [/block-seq-ind on same line|^A block sequence may not/, 'a list that is written with - begins on a line of its own'],
  [/^Plain value cannot start with (.*)/, 'a text cannot begin with this character: write it in quotes'],
  [
    /^Invalid escape sequence/,
    'this escape does not exist in double quotes: write \\\\ for a backslash, or use single quotes',
  ],
  [
    /^Block scalar|^Unexpected token in block scalar/,
    'indent the lines after | or > equally, and write no text on the line of | or >',
  ],
  [/^The : indicator must be at most/, 'this key is longer than 1,024 characters'],
  [/^A node can have at most one (anchor|tag)/, 'a value can have only one $1'],
  [/^An alias node must not/, 'an alias cannot have a tag or an anchor'],
  [/^(Anchor|Alias) cannot be an empty string/, 'the name of an anchor is missing after & or *'],
  [/ tag|^Verbatim tags/, 'this tag is not valid: remove it, or write the value in quotes'],
  [/^Unexpected flow-(seq|map)-end/, 'a closing bracket or brace has no opening one'],
  [/^Not a YAML token/, 'there is text where only a comment may be'],
  [
    /^Unexpected .* at node end$|^Unexpected \S+ token/,
    'there is text after the end of a value: write the whole in quotes, or begin a new line',
  ],
]

/** Returns what is wrong with a text that is not YAML, in words that need no knowledge of its grammar. */
export function syntaxSentence(message: string): string {
  const first = message.split('\n', 1)[0] ?? ''
  for (const [pattern, sentence] of SENTENCES) {
    const found = pattern.exec(first)
    if (found) return sentence.replace('$1', found[1] ?? '')
  }
  return `this is not YAML (${first})`
}
