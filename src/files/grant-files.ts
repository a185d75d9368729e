import { type Grant, parseGrant } from '../policy/grant.ts'
import { DocumentError, type ObjectDocument, parseObjects } from './documents.ts'
import type { FileObject } from './object-files.ts'

/**
 * The ReferenceGrants in a YAML or JSON text; objects of other kinds are passed over.
 *
 * @throws DocumentError if the text is broken, or a grant lacks its name or namespace
 */
export function parseGrantText(text: string): Grant[] {
  return parseObjects(text)
    .filter(({ object }) => isGrant(object))
    .map(toGrant)
}

/** Whether an object is a ReferenceGrant, of whatever version. */
export function isGrant({ apiVersion, kind }: Record<string, unknown>): boolean {
  const group = typeof apiVersion === 'string' ? apiVersion.split('/')[0] : undefined
  return kind === 'ReferenceGrant' && group === 'gateway.networking.k8s.io'
}

/** The grant that an object of a file is; it has the name and the namespace that the file gives it. */
export function grantOf({ object, name: { name, namespace } }: FileObject): Grant {
  return parseGrant({ ...object, metadata: { name, namespace } }) as Grant
}

function toGrant({ object, line }: ObjectDocument): Grant {
  const grant = parseGrant(object)
  if (!grant) throw new DocumentError(line, 'a ReferenceGrant needs metadata.name and metadata.namespace')
  return grant
}
