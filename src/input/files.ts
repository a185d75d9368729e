import { candidatesAmong, type FileCandidate, type FileGrant, grantsAmong } from '../files/grant-files.ts'
import { type FileObject, type FileObjects, readObjects } from '../files/object-files.ts'
import type { FileProblem } from '../files/sources.ts'
import { STDIN } from '../files/text.ts'
import type { Coverage } from '../policy/coverage.ts'
import { crossingReferences } from '../policy/crossing.ts'
import type { Grant } from '../policy/grant.ts'
import { grantKindOf } from '../policy/grant-kinds.ts'
import { conflictsOf } from '../report/duplicates.ts'
import { Failure } from '../system/failure.ts'
import { showProgress } from '../terminal/progress.ts'
import { placeTitle } from '../wording/place.ts'
import { bare, visible } from '../wording/quote.ts'
import { delivered } from './delivered.ts'
import { leftOut } from './left-out.ts'
import { age, assumed, emptiness, nothingChecked, refusal, together, unused } from './notes.ts'
import { refuseOverwriting } from './overwriting.ts'
import type { Repository } from './repository.ts'

/** The paths and options of a command that reads files. */
export interface Asked {
  readonly paths: readonly string[]
  /** Paths of which only the grants count. */
  readonly grants?: readonly string[]
  /** The namespace of objects without one; default: `default`. */
  readonly namespace?: string | undefined
  readonly exclude: readonly string[]
  /** A folder with a kustomization, of which Kustomize's output is read, too. */
  readonly kustomize?: string | undefined
  /** Where the files are; default: the git repository around them. */
  readonly repository?: Repository | undefined
  /** Files that the command writes. */
  readonly written?: readonly string[]
}

/** The objects and grants that a command read from files. */
export interface Input {
  readonly files: number
  readonly objects: readonly FileObject[]
  /** The objects of the paths of which only the grants count. */
  readonly beside: readonly FileObject[]
  /** The grants among the objects. */
  readonly own: readonly FileGrant[]
  /** The grants that count: those among the objects and those of `--grants` that the API server accepts. */
  readonly grants: readonly Grant[]
  /** The objects that may be near misses of a reference: all grants, and what was meant to be one. */
  readonly candidates: readonly FileCandidate[]
  /** Lines about what could not be read. */
  readonly problems: readonly string[]
  /** Lines about what was left out or assumed. */
  readonly notes: readonly string[]
}

/**
 * Reads files for a command, and notes what it left out or assumed.
 *
 * @param command the name of the command, such as `check`
 * @throws Failure if standard input is named twice, or the command would write a file that it reads
 */
export async function readInput(asked: Asked, coverage: Coverage, command: string): Promise<Input> {
  if (asked.paths.includes(STDIN) && asked.grants?.includes(STDIN))
    throw new Failure('standard input is given twice: use - either as a path or with --grants')
  const namespace = asked.namespace ?? 'default'
  const how = { command, namespace, exclude: asked.exclude, tell: showProgress }
  const isGrant = ({ object }: FileObject) => grantKindOf(object, coverage.grantKinds) !== undefined
  const isChecked = (one: FileObject) => isGrant(one) || coverage.referrer(one.name) !== undefined
  const read = [
    await readObjects(asked.paths, { ...how, kustomization: asked.kustomize }),
    await readObjects(asked.grants ?? [], how),
  ] as const
  refuseOverwriting(asked.written ?? [], [...read[0].inputs, ...read[1].inputs])
  const { placed, notes, appliers } = await delivered(read, command, isChecked, asked.repository)
  const [main, beside] = [withoutPatches(placed[0], coverage), withoutPatches(placed[1], coverage)]
  const judged = [...main.objects.filter(isChecked), ...beside.objects.filter(isGrant)]
  const own = grantsAmong(main.objects, coverage.grantKinds)
  const others = grantsAmong(beside.objects, coverage.grantKinds)
  return {
    files: main.files,
    objects: main.objects,
    beside: beside.objects,
    own,
    grants: [...own, ...others].filter(({ refused }) => refused === undefined).map(({ grant }) => grant),
    candidates: candidatesAmong([...main.objects, ...beside.objects], coverage.grantKinds),
    problems: [...main.problems, ...beside.problems].map(({ place, message }) => `${bare(place)}: ${visible(message)}`),
    notes: [
      ...[main, beside].flatMap((read) => leftOut(read, command, appliers)),
      ...notes,
      ...[main, beside].flatMap(({ snapshots }) => snapshots.map(age)),
      ...emptiness(main, isChecked, nothingChecked),
      ...emptiness(beside, isGrant, (where) => `no ReferenceGrant in ${where}`),
      ...unused(asked.exclude, read),
      ...(asked.namespace === undefined ? assumed(judged) : []),
      ...together(main, isChecked),
      ...conflictsOf([...own, ...others]),
      ...others.flatMap(refusal),
    ],
  }
}

/**
 * Leaves out what a kustomization calls a patch, but for objects that refer to other namespaces: what they refer to is also
 * in what Kustomize makes, and no kustomization may hide it.
 */
function withoutPatches(read: FileObjects, coverage: Coverage): FileObjects {
  const [kept, left]: [FileObject[], FileProblem[]] = [[], []]
  for (const one of read.objects) {
    const { patchOf } = one
    const crosses = patchOf !== undefined && crossingReferences(coverage, one.name, one.object).count > 0
    if (patchOf === undefined || crosses) kept.push(one)
    if (patchOf === undefined) continue
    const what = crosses ? 'checked as it is written' : 'left out'
    left.push({ place: placeTitle(one), message: `is a patch of ${bare(patchOf)}, and is ${what}` })
  }
  return { ...read, objects: kept, left: [...read.left, ...left] }
}
