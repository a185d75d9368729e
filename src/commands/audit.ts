import { Command } from 'commander'
import { Api, ApiError } from '../cluster/api.ts'
import { connectionFrom } from '../cluster/connection.ts'
import { takeInventory } from '../cluster/inventory.ts'
import { catalogueOf, loadConfig } from '../config/load.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import type { Grant } from '../policy/grant.ts'
import { grantKindFor } from '../policy/grant-kinds.ts'
import { effectivePart } from '../policy/lint.ts'
import { byName, type NamedObject, type Survey, type SurveyedReference, sorted, survey } from '../policy/survey.ts'
import { type AuditReport, auditJson, auditText } from '../report/audit.ts'
import { reasonOf } from '../system/reason.ts'
import { counted } from '../wording/counted.ts'
import { tooLargeSentence } from '../wording/finding.ts'
import { objectTitle } from '../wording/objects.ts'
import { quote, visible } from '../wording/quote.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { flawsOf } from './flaws.ts'
import { argument, MODES_UNKNOWN, readInput } from './input.ts'
import {
  configOption,
  contextOption,
  excludeOption,
  filenameOption,
  kubeconfigOption,
  namespaceOf,
  outputOption,
} from './options.ts'
import { print, reportProblems, tellNotes } from './print.ts'
import { withoutVariables } from './variables.ts'

interface AuditOptions {
  readonly filename: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly exclude: readonly string[]
  readonly config?: string
  readonly output: 'text' | 'json'
}

/** What is audited: objects, grants with what was written, and what could not be read. */
interface Subject {
  readonly objects: readonly NamedObject[]
  readonly grants: readonly {
    readonly grant: Grant
    readonly object: unknown
    /** The field for which the API server refuses it, so that it does not count. */
    readonly refused?: string | undefined
  }[]
  /** Namespaces with a grant that could not be read. */
  readonly unknown: ReadonlySet<string>
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
  /** The only namespace that was read, if it was one. */
  readonly only?: string | undefined
}

/** `refgrant audit`: who may refer to what, who does, and by which grant. */
export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'tell who may refer to what and where that is granted, which references use it, and which have no grant',
    )
    .argument('[path...]', 'YAML and JSON files or folders; without them, the cluster is read with your own rights')
    .addOption(filenameOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .option(
      '-n, --namespace <namespace>',
      'of a cluster: ask for the lists of this namespace alone; of files: namespace of objects that name none, "default" without it',
      namespaceOf,
    )
    .addOption(excludeOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 every reference is permitted; 1 some are not; 2 could not audit, or not all of it.',
    )
    .action(audit)
}

async function audit(args: string[], options: AuditOptions): Promise<void> {
  const paths = [...args, ...options.filename]
  const config = loadConfig(options.config)
  const catalogue = catalogueOf(config)
  const subject = paths.length > 0 ? await fromFiles(paths, options, catalogue) : await fromCluster(options, catalogue)
  const written = subject.grants.toSorted((a, b) => byName(a.grant, b.grant))
  const grants = sorted(written.filter(({ refused }) => refused === undefined).map(({ grant }) => grant))
  const surveyed = survey(catalogue, subject.objects, grants, new Set(config.exempt.namespaces))
  const { rendered, notes } = withoutVariables(surveyed.references)
  const { judged, unjudged } = withoutUnknown({ ...surveyed, references: rendered }, subject)
  const tooLarge = judged.tooLarge.map(({ object: { name }, count }) => tooLargeSentence(name, count))
  const problems = [...subject.problems, ...unjudgedLines(unjudged, subject), ...tooLarge]
  const report: AuditReport = {
    ...(subject.only !== undefined && { only: subject.only }),
    grants: grants.length,
    permitting: permittingParts(grants, judged, catalogue),
    survey: judged,
    unjudged,
    ...flawsOf(written, (object) => object, catalogue),
    problems,
    remedy: remedyOf(judged.references, paths, options, catalogue),
    notes: [...subject.notes, ...notes, ...(options.config === undefined || paths.length === 0 ? [] : [MODES_UNKNOWN])],
  }
  await print(options.output === 'json' ? auditJson(report) : auditText(report))
  if (report.survey.references.some((one) => one.grants.length === 0)) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  reportProblems(problems)
}

/**
 * The survey without the references that a grant which was not read may permit, and these; both sorted by object. Where
 * not everything was read, nothing is known of grants that nothing uses.
 */
function withoutUnknown(
  all: Survey,
  { unknown, only, problems }: Subject,
): { judged: Survey; unjudged: SurveyedReference[] } {
  const references = all.references.toSorted((a, b) => byName(a.reference.from, b.reference.from))
  const isUnknown = ({ reference: { to }, grants }: SurveyedReference) =>
    grants.length === 0 && (unknown.has(to.namespace) || (only !== undefined && to.namespace !== only))
  const judged = references.filter((one) => !isUnknown(one))
  const isAllRead = only === undefined && problems.length === 0 && all.tooLarge.length === 0
  const unused = isAllRead ? all.unused : []
  return { judged: { ...all, references: judged, unused }, unjudged: references.filter(isUnknown) }
}

/** The command that prints the grants that are missing; of a cluster, what is there already counts. */
function remedyOf(
  references: readonly SurveyedReference[],
  paths: readonly string[],
  { config, namespace, exclude }: AuditOptions,
  catalogue: Catalogue,
): string {
  const ofConfig = config === undefined ? '' : ` --config ${argument(config)}`
  if (paths.length > 0) {
    const options = [
      ...(namespace === undefined ? [] : ['-n', namespace]),
      ...exclude.flatMap((one) => ['--exclude', one]),
    ]
    return `refgrant grant ${[...paths, ...options].map(argument).join(' ')}${ofConfig}`
  }
  const refused = references.filter(({ grants }) => grants.length === 0).map(({ reference }) => reference)
  const kinds = [
    ...refused.map(({ from }) => catalogue.referrer(from)),
    ...refused.map((reference) => grantKindFor(reference)),
  ].filter((kind) => kind !== undefined)
  const resources = new Set(kinds.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`)))
  return `kubectl get ${[...resources].join(',')} -A -o yaml | refgrant grant -${ofConfig}`
}

function unjudgedLines(unjudged: readonly SurveyedReference[], { only }: Subject): string[] {
  if (only !== undefined && unjudged.length > 0) {
    const them = counted(unjudged.length, 'reference')
    return [`cannot judge ${them} into other namespaces, whose grants are not read with --namespace ${quote(only)}`]
  }
  return unjudged.map(({ reference: { from, path, to } }) => {
    const what = `${path} refers to namespace ${quote(to.namespace)}, which has a grant that cannot be read`
    return `cannot judge ${objectTitle(from)}: ${what}`
  })
}

/** What of each grant permits something; a grant that a reference rests on does, whatever lint says. */
function permittingParts(grants: readonly Grant[], { references }: Survey, catalogue: Catalogue): Grant[] {
  const used = new Set(references.flatMap((one) => one.grants))
  return grants.flatMap((grant) => {
    const part = effectivePart(grant, catalogue)
    if (part.from.length > 0 && part.to.length > 0) return part
    return used.has(grant) ? grant : []
  })
}

async function fromFiles(
  paths: readonly string[],
  { namespace, exclude }: AuditOptions,
  catalogue: Catalogue,
): Promise<Subject> {
  const { objects, own, problems, notes } = await readInput({ paths, namespace, exclude }, catalogue, 'audit -')
  const grants = own.map(({ grant, object, refused }) => ({ grant, object: object.object, refused }))
  return { objects, grants, unknown: new Set(), problems, notes }
}

async function fromCluster(options: AuditOptions, catalogue: Catalogue): Promise<Subject> {
  const { kubeconfig, context, namespace } = options
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const tell = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Klisting ${what}`)
  }
  try {
    const api = new Api(connectionFrom({ kubeconfig, context }))
    const inventory = await takeInventory(api, catalogue, tell, interrupted.signal, { namespace })
    const problems = inventory.problems.map(visible)
    const isEmpty = inventory.objects.length + inventory.grants.length + problems.length === 0
    const notes =
      isEmpty && namespace !== undefined
        ? [`nothing found in namespace ${quote(namespace)}: neither a grant nor an object with a guarded field`]
        : []
    return { ...inventory, only: namespace, problems, notes }
  } catch (error) {
    const isForbidden = error instanceof ApiError && error.status === 403 && namespace === undefined
    const remedy = isForbidden ? '; with rights in one namespace only, name it with -n NAMESPACE' : ''
    throw new CommandFailure(`cannot audit the cluster: ${reasonOf(error)}${remedy}`, { cause: error })
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}
