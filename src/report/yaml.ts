import { Document, visit } from 'yaml'
import { visible } from '../wording/quote.ts'

/**
 * Kubernetes objects as a stream of YAML documents. A text with anything in it that a terminal would obey or hide is in
 * one line, in double quotes and escaped; so is one that GitHub Actions would obey where it begins a line. Texts that YAML
 * 1.1, which kubectl reads, takes for something else are quoted: a namespace may be called "on".
 */
export function* toYaml(objects: readonly object[]): Generator<string> {
  for (const [index, object] of objects.entries()) {
    const document = new Document(object, { aliasDuplicateObjects: false, compat: 'yaml-1.1' })
    visit(document, {
      Scalar: (_key, node) => {
        if (typeof node.value === 'string' && (node.value.includes('::') || visible(node.value) !== node.value))
          node.type = 'QUOTE_DOUBLE'
      },
    })
    yield `${index === 0 ? '' : '---\n'}${escaped(document.toString({ doubleQuotedAsJSON: true }))}`
  }
}

/** YAML's own escapes: it has one of eight digits for what is beyond the basic plane, and no pairs. */
function escaped(yaml: string): string {
  return yaml.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=#)#/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
  })
}
