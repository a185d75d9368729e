import type { ConnectionChoice } from '../cluster/connection.ts'
import type { FileObject } from '../files/object-files.ts'
import type { Coverage } from '../policy/coverage.ts'
import { kindMeant, referenceAsked } from '../policy/question.ts'
import type { GroupKind, ObjectName } from '../policy/reference.ts'
import { type Known, type NeedingGrants, needingGrants, type PlacedObject } from '../report/explained.ts'
import { Failure } from '../system/failure.ts'
import { PROGRAM } from '../system/program.ts'
import { kindTitle, objectTitle, targetTitle } from '../wording/objects.ts'
import { readInput } from './files.ts'
import type { LiveCluster } from './live.ts'
import { liveCluster } from './live-grants.ts'

/** The references that a command is about, and where the grants are. */
export interface AskedReferences extends ConnectionChoice {
  readonly subject: Subject
  readonly paths: readonly string[]
  readonly grants: readonly string[]
  readonly exclude: readonly string[]
  readonly namespace?: string | undefined
  /** A folder with a kustomization, of which Kustomize's output is read, too. */
  readonly kustomize?: string | undefined
  /** Whether the grants of the cluster count as well as those of files. */
  readonly live: boolean
}

/** A question about a reference, an object, or every object of the files. */
export type Subject =
  | { readonly from: ObjectName; readonly to: ObjectName }
  | { readonly object: GroupKind & { readonly namespace: string | undefined; readonly name: string } }
  | 'files'

/** The references that a command is about, with what is known of grants. */
export interface ReadReferences extends NeedingGrants {
  readonly known: Known
  /** What was left out or assumed, and what the caller may not list. */
  readonly notes: readonly string[]
  /** What could not be read. */
  readonly problems: readonly string[]
  /** The cluster, if its grants count. */
  readonly cluster: LiveCluster | undefined
  /** The objects of the files, whatever their kind, but for those of `--grants`. */
  readonly objects: readonly FileObject[]
}

/** Returns where a command looks for references and grants: in the cluster if there are no files, by choice, and for an object that is not in files. */
export function sourcesOf({
  subject,
  paths,
  grants,
  kustomize,
  live,
}: Pick<AskedReferences, 'subject' | 'paths' | 'grants' | 'kustomize' | 'live'>) {
  const hasObjects = paths.length > 0 || kustomize !== undefined
  const isStored = subject !== 'files' && 'object' in subject && !hasObjects
  const files = hasObjects || grants.length > 0
  return { files, cluster: live || !files || isStored }
}

/**
 * Reads the references that a command is about, and the grants of files, of the cluster, or of both.
 *
 * @param exemptNamespaces namespaces of objects whose references need no grant
 * @param command the name of the command, such as `explain`
 * @throws Failure if the object does not exist, or the cluster cannot be read
 */
export async function readReferences(
  asked: AskedReferences,
  coverage: Coverage,
  exemptNamespaces: ReadonlySet<string>,
  command: string,
): Promise<ReadReferences> {
  const { subject, paths, grants, exclude, namespace, kustomize } = asked
  const isQuestion = typeof subject === 'object' && 'from' in subject
  const files = isQuestion ? { paths: [], grants: [...paths, ...grants] } : { paths, grants }
  const input = await readInput({ ...files, exclude, namespace, kustomize }, coverage, command)
  const cluster = sourcesOf(asked).cluster ? await liveCluster(asked) : undefined
  const needing = isQuestion
    ? {
        references: [referenceAsked(coverage, subject.from, subject.to)],
        places: new Map(),
        exempt: [],
        tooLarge: [],
        unrendered: [],
      }
    : needingGrants(await objectsOf(subject, input.objects, cluster, asked), coverage, exemptNamespaces)
  const read = await cluster?.grantsFor(needing.references, coverage)
  return {
    ...needing,
    known: {
      candidates: [...(read?.candidates ?? []), ...input.candidates],
      unknown: read?.unknown ?? new Set(),
      hasStored: cluster !== undefined,
      versions: read?.versions ?? new Map(),
    },
    problems: input.problems,
    notes: [...input.notes, ...uncheckedKind(subject, coverage), ...(read?.unread ?? [])],
    cluster,
    objects: [...input.objects, ...input.beside.filter((one) => paths.includes(one.asked))],
  }
}

/** Returns a note about a referrer whose kind has no guarded field. */
function uncheckedKind(subject: Subject, coverage: Coverage): string[] {
  if (subject === 'files') return []
  const kind = 'from' in subject ? subject.from : subject.object
  if (coverage.referrer(kind)) return []
  if (coverage.grantKind(kind))
    return [`${kindTitle(kind)} is a kind of grants, which refer to nothing: ${PROGRAM} audit shows what they permit`]
  const meant = kindMeant(`${kind.kind}.${kind.group}`, coverage)
  const hint = meant === undefined ? '' : `. Did you mean ${meant}?`
  return [`refgrant does not check ${kindTitle(kind)}: ${PROGRAM} catalogue lists the kinds that are checked${hint}`]
}

async function objectsOf(
  subject: Exclude<Subject, { from: ObjectName }>,
  read: readonly FileObject[],
  cluster: LiveCluster | undefined,
  { paths, namespace, kustomize }: AskedReferences,
): Promise<readonly PlacedObject[]> {
  if (subject === 'files') return read
  const { group, kind, name } = subject.object
  const wanted = subject.object.namespace ?? namespace
  if (paths.length === 0 && kustomize === undefined && cluster)
    return [await cluster.object({ group, kind }, wanted ?? cluster.namespace, name)]
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
  throw new Failure(
    `${title} is not among the files: to explain the object of the cluster by the grants of files, name these with --grants`,
  )
}
