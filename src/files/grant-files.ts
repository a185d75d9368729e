import { type Grant, parseGrant } from '../policy/grant.ts'
import { DocumentError, type ObjectDocument, parseObjects } from './documents.ts'

/**
 * The ReferenceGrants in a YAML or JSON text; objects of other kinds are passed over.
 *
 * @throws DocumentError if the text is broken, or a grant lacks its name or namespace
 */
export function parseGrantText(text: string): Grant[] {
  return parseObjects(text).filter(isGrant).map(toGrant)
}

function isGrant({ object }: ObjectDocument): boolean {
  const group = typeof object.apiVersion === 'string' ? object.apiVersion.split('/')[0] : undefined
  return object.kind === 'ReferenceGrant' && group === 'gateway.networking.k8s.io'
}

function toGrant({ object, line }: ObjectDocument): Grant {
  const grant = parseGrant(object)
  if (!grant) throw new DocumentError(line, 'a ReferenceGrant needs metadata.name and metadata.namespace')
  return grant
}
