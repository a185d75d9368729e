import type { Reference } from '../policy/reference.ts'
import type { NamedObject, SurveyedReference } from '../policy/survey.ts'
import { objectTitle } from '../wording/objects.ts'
import { quote } from '../wording/quote.ts'

/**
 * What Flux replaces (`postBuild.substitute`), as envsubst does. No name in Kubernetes holds such a text, so there is nothing
 * to judge before it is replaced.
 */
const VARIABLE = /\$\{[^}]*\}/

/** References that can be judged, and what to say of those that name a variable. */
export function withoutVariables<T extends NamedObject>(
  references: readonly SurveyedReference<T>[],
): { rendered: SurveyedReference<T>[]; notes: string[] } {
  const { rendered = [], left = [] } = Object.groupBy(references, ({ reference }) =>
    variableOf(reference) === undefined ? 'rendered' : 'left',
  )
  return { rendered, notes: left.map(({ reference }) => noteOf(reference)) }
}

function variableOf({ from, to }: Reference): string | undefined {
  return [from.namespace, to.namespace, to.name]
    .map((text) => VARIABLE.exec(text)?.[0])
    .find((one) => one !== undefined)
}

function noteOf(reference: Reference): string {
  const variable = quote(variableOf(reference) ?? '')
  return `${objectTitle(reference.from)}: ${reference.path} is not judged, since it depends on the variable ${variable}: render the files first, such as with flux build kustomization or flux envsubst`
}
