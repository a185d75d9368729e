import { type Applied, absence, type Tool } from '../policy/apply-order.ts'
import type { RefusedAtInstall } from '../policy/finding.ts'
import { SEVERITIES } from '../policy/finding-codes.ts'
import type { Grant } from '../policy/grant.ts'
import { property } from '../policy/property.ts'
import type { SurveyedReference } from '../policy/survey.ts'
import { placeOf, type WrittenGrant, type WrittenObject } from './written.ts'

/**
 * Returns the references that grants among the same objects permit, but only grants that a tool applies later than the
 * object: the webhook refuses them at the first installation. Grants that are not among the objects exist before.
 */
export function refusedAtInstall(
  references: readonly SurveyedReference<WrittenObject>[],
  objects: readonly WrittenObject[],
  own: readonly WrittenGrant[],
  tool: Tool,
): RefusedAtInstall[] {
  const indexes = new Map(objects.map((object, index) => [object, index]))
  const written = new Map<Grant, WrittenObject>(own.map(({ grant, object }) => [grant, object]))
  const applied = ({ name: { kind, name }, object }: WrittenObject, index: number): Applied => ({
    ...{ kind, name, index },
    annotations: (property(property(object, 'metadata'), 'annotations') ?? {}) as Applied['annotations'],
  })
  const appliedOf = (object: WrittenObject) => applied(object, indexes.get(object) ?? 0)
  return references.flatMap(({ object, reference, grants, moreGrants }): RefusedAtInstall[] => {
    const [first] = grants
    const absenceOf = (grant: Grant) => {
      const of = written.get(grant)
      return of && absence(tool, appliedOf(of), appliedOf(object))
    }
    const at = first && written.get(first)
    const why = first && absenceOf(first)
    if (!at || !why || moreGrants > 0 || !grants.every(absenceOf)) return []
    return [
      {
        ...{ code: 'refused-at-install', severity: SEVERITIES['refused-at-install'], reference, tool },
        absence: why,
        grant: { namespace: first.namespace, name: first.name },
        grantKind: at.name.kind,
        other: placeOf(at, ''),
        place: placeOf(object, reference.path),
      },
    ]
  })
}
