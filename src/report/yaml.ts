import { Document, visit } from 'yaml'
import { visible } from '../wording/quote.ts'

/**
 * Yields Kubernetes objects as a stream of YAML documents. A string that a terminal would interpret or hide, or that
 * GitHub Actions would run at the beginning of a line, is written on one line, escaped and in double quotes. Strings
 * that are not strings in YAML 1.1, which kubectl reads, are quoted: a namespace may be called "on". Each document begins
 * with `---`, so that a user may append the output to a file.
 */
export function* toYaml(objects: readonly object[]): Generator<string> {
  for (const object of objects) {
    const document = new Document(object, { aliasDuplicateObjects: false, compat: 'yaml-1.1' })
    visit(document, {
      Scalar: (_key, node) => {
        if (typeof node.value === 'string' && (node.value.includes('::') || visible(node.value) !== node.value))
          node.type = 'QUOTE_DOUBLE'
      },
    })
    yield `---\n${escaped(document.toString({ doubleQuotedAsJSON: true }))}`
  }
}

/** Yields a report, given as JSON in pieces, as one document of YAML. */
export function reportYaml(json: Iterable<string>): Generator<string> {
  return toYaml([JSON.parse([...json].join(''))])
}

/** Writes YAML's own escapes, which have eight digits beyond the basic plane and no surrogate pairs. */
function escaped(yaml: string): string {
  return yaml.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=#)#/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
  })
}
