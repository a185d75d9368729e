import { isScalar, type Scalar } from 'yaml'
import { type Resolved, resolvePlain, resolveTagged } from './scalars.ts'

/** Whether a scalar has no quotes. */
export const isPlain = ({ type }: Scalar) => type === undefined || type === 'PLAIN'

/** Returns the value of a scalar, by its tag, its quotes and its text. */
export function resolve(node: Scalar): Resolved {
  const text = String(node.value)
  if (node.tag !== undefined) {
    if (text === '' && isPlain(node)) return { problem: 'has a tag but no value: write ""' }
    return resolveTagged(text, node.tag)
  }
  if (!isPlain(node)) return { value: text }
  if (text.startsWith('?')) return { problem: 'begins with a question mark: write it in quotes' }
  return resolvePlain(text)
}

/** Whether a key merges other objects. */
export function isMerge(key: unknown): boolean {
  if (!isScalar(key) || key.value !== '<<') return false
  return key.tag === undefined ? isPlain(key) : ['!', 'tag:yaml.org,2002:merge'].includes(key.tag)
}
