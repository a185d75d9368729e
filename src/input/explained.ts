import type { ConnectionChoice } from '../cluster/connection.ts'
import { type Config, coverageOf } from '../config/config.ts'
import type { FileObject } from '../files/object-files.ts'
import { referenceAsked } from '../policy/question.ts'
import type { GroupKind, ObjectName, Reference } from '../policy/reference.ts'
import type { NamedObject } from '../policy/survey.ts'
import { type ExplainReport, explainObjects, explainReferences, type Known } from '../report/explained.ts'
import { Failure } from '../system/failure.ts'
import { objectTitle, targetTitle } from '../wording/objects.ts'
import { readInput } from './files.ts'

/** What is to be explained, and where to look. */
export interface AskedExplanation extends ConnectionChoice {
  readonly subject: Subject
  readonly paths: readonly string[]
  readonly grants: readonly string[]
  readonly exclude: readonly string[]
  readonly namespace?: string | undefined
  /** Whether the grants of the cluster count as well as those of files. */
  readonly live: boolean
}

/** A question about a reference, an object, or every object of the files. */
export type Subject =
  | { readonly from: ObjectName; readonly to: ObjectName }
  | { readonly object: GroupKind & { readonly namespace: string | undefined; readonly name: string } }
  | 'files'

/** The most targets that are looked for in the cluster. */
const LOOKED_FOR = 20

/**
 * Explains references by the grants of files, of the cluster, or of both.
 *
 * @throws Failure if the object does not exist, or the cluster cannot be read
 */
export async function explanation(asked: AskedExplanation, config: Config): Promise<ExplainReport> {
  const { subject, paths, grants, exclude, namespace } = asked
  const coverage = coverageOf(config)
  const exempt = new Set(config.exempt.namespaces)
  const isQuestion = typeof subject === 'object' && 'from' in subject
  const hasFiles = paths.length + grants.length > 0
  const files = isQuestion ? { paths: [], grants: [...paths, ...grants] } : { paths, grants }
  const input = await readInput({ ...files, exclude, namespace }, coverage, 'explain')
  const cluster = asked.live || !hasFiles ? await liveCluster(asked) : undefined
  const objects = isQuestion ? [] : await objectsOf(subject, input.objects, cluster, paths, namespace)
  const asOne = isQuestion ? [referenceAsked(coverage, subject.from, subject.to)] : undefined
  const explainBy = (known: Known): ExplainReport =>
    asOne
      ? { references: explainReferences(asOne, known, coverage), more: 0, exempt: [], problems: [], notes: [] }
      : explainObjects(objects, known, coverage, exempt)
  const ofFiles = { candidates: input.candidates, unknown: new Set<string>() }
  const first = explainBy(ofFiles)
  const read =
    cluster &&
    (await cluster.grantsFor(
      first.references.map(({ reference }) => reference),
      coverage,
    ))
  const report = read
    ? explainBy({ candidates: [...read.candidates, ...input.candidates], unknown: read.unknown })
    : first
  return {
    ...report,
    references: cluster ? await withTargets(report.references, (to) => cluster.target(to)) : report.references,
    problems: [...input.problems, ...report.problems],
    notes: [...input.notes, ...(read?.unread ?? []), ...report.notes],
  }
}

/** Imported only here: the import of the client takes longer than reading files. */
async function liveCluster(choice: ConnectionChoice) {
  return new (await import('./live.ts')).LiveCluster(choice)
}

async function objectsOf(
  subject: Exclude<Subject, { from: ObjectName }>,
  read: readonly FileObject[],
  cluster: Awaited<ReturnType<typeof liveCluster>> | undefined,
  paths: readonly string[],
  namespace: string | undefined,
): Promise<readonly NamedObject[]> {
  if (subject === 'files') return read
  const { group, kind, name } = subject.object
  const wanted = subject.object.namespace ?? namespace
  if (paths.length === 0 && cluster) return [await cluster.object({ group, kind }, wanted ?? cluster.namespace, name)]
  const found = read.filter(
    (one) =>
      one.name.group === group &&
      one.name.kind === kind &&
      one.name.name === name &&
      (wanted === undefined || one.name.namespace === wanted),
  )
  if (found.length > 0) return found
  const title =
    wanted === undefined
      ? targetTitle({ ...subject.object, namespace: '' })
      : objectTitle({ ...subject.object, namespace: wanted })
  throw new Failure(`${title} is not among the files`)
}

/** Adds what may be read of the first targets, each once. */
async function withTargets(
  references: ExplainReport['references'],
  look: (to: ObjectName) => Promise<NonNullable<ExplainReport['references'][number]['target']>>,
): Promise<ExplainReport['references']> {
  const keyOf = ({ reference }: { readonly reference: Reference }) => JSON.stringify(reference.to)
  const targets = new Map(references.map((one) => [keyOf(one), one.reference.to]))
  const facts = new Map<string, Awaited<ReturnType<typeof look>>>()
  for (const [key, to] of [...targets].slice(0, LOOKED_FOR)) facts.set(key, await look(to))
  return references.map((one) => ({ ...one, target: facts.get(keyOf(one)) }))
}
