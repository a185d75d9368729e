import type { Coverage } from '../policy/coverage.ts'
import type { GrantFlaw } from '../policy/finding.ts'
import { ungrantable } from '../policy/missing-grant.ts'
import type { Reference } from '../policy/reference.ts'
import { explainReferences, type PlacedCandidate } from '../report/explained.ts'
import { type MissingOptions, missingFor } from '../report/missing.ts'
import { Failure } from '../system/failure.ts'
import { showStep } from '../terminal/progress.ts'
import { counted } from '../wording/counted.ts'
import { verdictSentence } from '../wording/explain.ts'
import { clusterOptionsOf } from '../wording/grant-command.ts'
import { candidateTitle } from '../wording/near-miss.ts'
import { ungrantableSentence } from '../wording/ungrantable.ts'
import { type AskedReferences, readReferences } from './asked.ts'
import type { LiveCluster } from './live.ts'

/** The grants that references lack. */
interface Granted {
  /** The new and the changed grants, as Kubernetes objects. */
  readonly objects: readonly object[]
  /** Whether no grant is missing, and everything was read. */
  readonly isNone: boolean
  readonly useless: readonly GrantFlaw[]
  readonly notes: readonly string[]
  readonly problems: readonly string[]
}

/**
 * Returns the grants that references lack, by the grants of files, of the cluster, or of both.
 *
 * @throws Failure as readReferences; if a grant that is to be changed cannot be read, or is changed by others meanwhile
 */
export async function grantedFor(
  asked: AskedReferences,
  coverage: Coverage,
  how: Pick<MissingOptions, 'anyName' | 'merge'>,
): Promise<Granted> {
  const read = await readReferences(asked, coverage, new Set(), 'grant')
  const { known, cluster, unrendered } = read
  showStep(`judging ${counted(read.references.length, 'reference')}`)
  const explained = explainReferences(read.references, known, coverage)
  const ofVerdict = (verdict: string) =>
    explained.filter(({ answer }) => answer.verdict === verdict).map(({ reference }) => reference)
  const [refused, unknown] = [ofVerdict('not permitted'), ofVerdict('not known')]
  const { created, changed, useless, notes } = missingFor(refused, ofVerdict('permitted'), known, coverage, {
    ...how,
    cluster: clusterOptionsOf(asked),
  })
  const objects: object[] = [...created]
  for (const one of changed) objects.push(cluster && one.file === undefined ? await whole(one, cluster) : written(one))
  const problems = [...read.problems, ...unknown.map(unknownSentence), ...refused.flatMap(impossible)]
  return {
    objects,
    // An object that could not be read or judged may lack a grant.
    isNone: refused.length + unrendered.length + problems.length === 0,
    useless,
    notes: [...read.notes, ...unrendered, ...notes],
    problems,
  }
}

const unknownSentence = (reference: Reference) => verdictSentence(reference, { verdict: 'not known' })
const impossible = (reference: Reference) => (ungrantable(reference) ? [ungrantableSentence(reference)] : [])

/** Returns a changed grant of a file. */
function written({ name, object }: PlacedCandidate): object {
  const { metadata, ...rest } = object as { metadata: object }
  const { apiVersion, kind, ...others } = rest as Record<string, unknown>
  return { apiVersion, kind, metadata: { ...metadata, namespace: name.namespace }, ...others }
}

/** The metadata that only the API server sets. */
const SERVED = ['managedFields', 'resourceVersion', 'uid', 'creationTimestamp', 'generation']

/** What kubectl stores, and sets again. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Returns a changed grant of the cluster, with its labels and annotations, which `kubectl apply` would remove otherwise. */
async function whole({ name, object, before }: PlacedCandidate, cluster: LiveCluster): Promise<object> {
  const live = (await cluster.object(name, name.namespace, name.name)).object as Record<string, unknown>
  if (JSON.stringify(live.spec) !== JSON.stringify(before))
    throw new Failure(`${candidateTitle({ name, object })} was changed in the meantime: run this command again`)
  const { annotations, ...metadata } = live.metadata as Record<string, unknown>
  for (const field of SERVED) delete metadata[field]
  const { [LAST_APPLIED]: _, ...kept } = (annotations ?? {}) as Record<string, unknown>
  return {
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...metadata, ...(Object.keys(kept).length > 0 && { annotations: kept }) },
    spec: (object as { spec: unknown }).spec,
  }
}
