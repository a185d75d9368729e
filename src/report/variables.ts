import type { Reference } from '../policy/reference.ts'
import type { NamedObject, SurveyedReference } from '../policy/survey.ts'
import { objectTitle } from '../wording/objects.ts'
import { quote } from '../wording/quote.ts'

/**
 * A variable that Flux replaces (`postBuild.substitute`), as envsubst does. Names in Kubernetes cannot hold such a text, so
 * a reference with a variable cannot be judged.
 */
const VARIABLE = /\$\{[^}]*\}/

/** Returns the references without variables, and a note for each of the others. */
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
  return `${objectTitle(reference.from)}: ${reference.path} is not judged, since it depends on the variable ${variable}: render the files first, for example with flux build kustomization or flux envsubst`
}
