import { MOST_REFERENCES } from '../policy/crossing.ts'
import type { Finding } from '../policy/finding.ts'
import type { ObjectCode } from '../policy/finding-codes.ts'
import { apiVersionOf, REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import type { ObjectFlaw } from '../policy/lint-object.ts'
import type { ObjectName } from '../policy/reference.ts'
import { lintSentence } from './grant-finding.ts'
import { nearestSentence } from './near-miss.ts'
import { grantTitle, objectTitle } from './objects.ts'
import { refusedAtInstallSentence } from './order.ts'
import { oversizeSentence } from './oversize.ts'
import { placeTitle } from './place.ts'
import { quote, visible } from './quote.ts'
import { sentence } from './refusal.ts'

/** Returns a finding in words, without its place. */
export function findingSentence(finding: Finding): string {
  if (finding.code === 'not-permitted') {
    const { reference, nearest } = finding
    const said = `${objectTitle(reference.from)}: ${sentence(reference)}`
    return nearest ? `${said} ${nearestSentence(nearest, reference)}` : said
  }
  if (finding.code === 'too-many-references') return tooManyReferences(finding.object, finding.references)
  if (finding.code === 'refused-at-install') return refusedAtInstallSentence(finding)
  if (!('grant' in finding)) return objectSentence(finding)
  const title = grantTitle(finding.grant, finding.grantKind)
  if (finding.code !== 'grant-duplicate') return `${title}: ${lintSentence(finding)}`
  return `${title} is defined again at ${placeTitle(finding.other)} with different contents: the one applied last takes effect`
}

/** Returns what is wrong with an object that has more references than are judged. */
export function tooManyReferences(object: ObjectName, references: number): string {
  return oversizeSentence(object, { cap: 'references', found: references, most: MOST_REFERENCES })
}

const SENTENCES: Record<ObjectCode, (meant: string, value: string, path: string) => string> = {
  'reference-policy': (_meant, value, path) => {
    const right = `apiVersion ${apiVersionOf(REFERENCE_GRANT)}`
    if (path === 'apiVersion')
      return `is of group ${value}, which has no ReferenceGrant, so it permits nothing: write ${right}`
    const is = value === '""' ? 'the old name of a ReferenceGrant' : `${value}, which is not a kind`
    return `is ${is}, and permits nothing: write ReferenceGrant, and ${right}`
  },
  'reference-unknown-field': (meant) => `is not a field of a reference: the API server drops it; write ${meant}`,
  'reference-impossible-value': (_meant, value, path) => {
    const part = path.slice(path.lastIndexOf('.') + 1)
    const rejected = part === 'name' ? 'no such object can exist' : 'the API server rejects the object'
    return `is ${value}, which is not a valid ${part}, so ${rejected}: write one ${part}`
  },
  'field-misfit': () =>
    'is not a reference here, so it is not judged: correct the object, or the field in the configuration',
  'mesh-parent-core-group': () =>
    'is "core", which is not an alias of the core group, so the route is not a mesh route: write ""',
}

function objectSentence({ code, object, path, meant = '', value = '' }: ObjectFlaw): string {
  return `${objectTitle(object)}: ${visible(path)} ${SENTENCES[code](meant, quote(value), path)}`
}
