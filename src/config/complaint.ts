import type { ErrorObject } from 'ajv'
import { distance } from '../policy/distance.ts'
import { article } from '../wording/counted.ts'
import { quote } from '../wording/quote.ts'

/** The largest distance between an unknown field and a field that is suggested for it, in characters. */
const FARTHEST = 3

/** An error in a configuration: the field, and the reason in words that continue the field's name. */
export interface Complaint {
  readonly field: string
  readonly reason: string
}

/** Describes an error of the schema validation. */
export function complaint({ instancePath, keyword, params, message, parentSchema }: ErrorObject): Complaint {
  const field = fieldOf(instancePath)
  const below = (name: string) => (field === '' ? name : `${field}.${name}`)
  switch (keyword) {
    case 'additionalProperties':
      return {
        field: below(params.additionalProperty),
        reason: unknown(params.additionalProperty, Object.keys(parentSchema?.properties ?? {})),
      }
    case 'required':
      return { field: below(params.missingProperty), reason: 'is missing' }
    case 'const':
      return { field, reason: `must be ${quote(params.allowedValue)}` }
    case 'enum':
      return { field, reason: `must be one of ${params.allowedValues.map(quote).join(', ')}` }
    case 'type':
      return {
        field,
        reason: `must be ${params.type === 'array' ? 'a list' : `${article(params.type)} ${params.type}`}`,
      }
    case 'pattern':
      return { field, reason: `must be ${parentSchema?.title ?? 'a different string'}` }
    case 'minLength':
      return { field, reason: 'must not be empty' }
    case 'minimum':
      return { field, reason: `must be at least ${params.limit}` }
    case 'maximum':
      return { field, reason: `must be at most ${params.limit}` }
    case 'exclusiveMinimum':
      return { field, reason: `must be more than ${params.limit}` }
    default:
      return { field, reason: message ?? 'is wrong' }
  }
}

/** Converts `/exempt/users/0` to `exempt.users[0]`. */
function fieldOf(instancePath: string): string {
  return instancePath
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
}

function unknown(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const meant =
    nearest && nearest.distance <= FARTHEST
      ? `: did you mean ${nearest.candidate}?`
      : `: the fields are ${known.join(', ')}`
  return `is not a field of the configuration${meant}`
}
