import { type Config, coverageOf } from '../config/config.ts'
import type { ObjectName, Reference } from '../policy/reference.ts'
import { type ExplainedReference, type ExplainReport, explainReferences } from '../report/explained.ts'
import { showStep } from '../terminal/progress.ts'
import { counted } from '../wording/counted.ts'
import { type AskedReferences, type ReadReferences, readReferences } from './asked.ts'
import { filePolicies } from './file-policies.ts'

/** The most references that a report explains; the others are counted. */
const EXPLAINED = 1_000

/** The most targets that are looked for. */
const LOOKED_FOR = 20

/**
 * Explains references by the grants of files, of the cluster, or of both.
 *
 * @throws Failure if the object does not exist, or the cluster cannot be read
 */
export async function explanation(asked: AskedReferences, config: Config): Promise<ExplainReport> {
  const coverage = coverageOf(config)
  const read = await readReferences(asked, coverage, new Set(config.exempt.namespaces), 'explain')
  const shown = read.references.slice(0, EXPLAINED)
  showStep(`explaining ${counted(shown.length, 'reference')}`)
  const explained = explainReferences(shown, read.known, coverage).map((one) => ({
    ...one,
    place: read.places.get(one.reference),
  }))
  return {
    references: await withTargets(explained, targetsOf(read)),
    more: read.references.length - explained.length,
    exempt: read.exempt,
    problems: [...read.problems, ...read.tooLarge],
    notes: [...read.notes, ...read.unrendered],
    versions: read.known.versions,
  }
}

/** What a report says of a target. */
type Found = Pick<ExplainedReference, 'target' | 'filePolicies'>

/** Returns what looks at a target: in the cluster if its grants count, otherwise in the files. */
function targetsOf({ cluster, objects }: ReadReferences): (to: ObjectName) => Promise<Found> {
  return cluster
    ? async (to) => ({ target: await cluster.target(to) })
    : async (to) => ({ filePolicies: filePolicies(objects, to) })
}

/** Adds what may be read of the first targets, each once. */
async function withTargets(
  references: readonly ExplainedReference[],
  look: (to: ObjectName) => Promise<Found>,
): Promise<ExplainedReference[]> {
  const keyOf = ({ reference }: { readonly reference: Reference }) => JSON.stringify(reference.to)
  const targets = new Map(references.map((one) => [keyOf(one), one.reference.to]))
  const found = new Map<string, Found>()
  for (const [key, to] of [...targets].slice(0, LOOKED_FOR)) found.set(key, await look(to))
  return references.map((one) => ({ ...one, ...found.get(keyOf(one)) }))
}
