import { API_VERSION } from '../admission/names.ts'
import type { ObjectName } from '../policy/reference.ts'
import { printable } from '../wording/objects.ts'

/** Returns the first identity field that is not a string. */
export function notText({ apiVersion, metadata }: Record<string, unknown>): string | undefined {
  const isWrong = (value: unknown) => value !== undefined && value !== null && typeof value !== 'string'
  if (isWrong(apiVersion)) return 'apiVersion'
  if (metadata === undefined || metadata === null) return undefined
  if (typeof metadata !== 'object' || Array.isArray(metadata)) return 'metadata'
  const parts = metadata as Record<string, unknown>
  const wrong = ['name', 'generateName', 'namespace'].find((part) => isWrong(parts[part]))
  return wrong ? `metadata.${wrong}` : notTextIn(parts)
}

/** The first of these parts with a value that is not a string. */
function notTextIn(metadata: Record<string, unknown>): string | undefined {
  const isText = (value: unknown) => value === null || typeof value === 'string'
  const wrong = ['labels', 'annotations'].find((part) => !Object.values(metadata[part] ?? {}).every(isText))
  return wrong && `a value of metadata.${wrong}`
}

/** Returns whether an object is a report that refgrant wrote. */
export function isReport({ apiVersion, kind }: Record<string, unknown>): boolean {
  return apiVersion === API_VERSION && kind !== 'Configuration'
}

/** Returns why an object without a name is left out. */
export function unnamed({ apiVersion, kind }: Record<string, unknown>): string {
  if (isReport({ apiVersion, kind })) return 'is a report of refgrant, not an object to check'
  if (apiVersion === API_VERSION) return 'is a configuration of refgrant, not an object to check'
  return `skipped: ${printable(text(kind))} does not have metadata.name`
}

/** Returns the kind and name of an object. */
export function nameOf({ apiVersion, kind, metadata }: Record<string, unknown>, absent: string): ObjectName {
  const { name, generateName, namespace } = (metadata ?? {}) as Record<string, unknown>
  const [group = '', version] = text(apiVersion).split('/', 2)
  return {
    group: version === undefined ? '' : group,
    kind: text(kind),
    namespace: text(namespace) || absent,
    name: text(name) || text(generateName),
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
