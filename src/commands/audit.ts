import { Command } from 'commander'
import { Api } from '../cluster/api.ts'
import { connectionFrom } from '../cluster/connection.ts'
import { takeInventory } from '../cluster/inventory.ts'
import { catalogueOf, loadConfig } from '../config/load.ts'
import type { Catalogue } from '../policy/catalogue.ts'
import { objectTitle } from '../policy/explain.ts'
import type { Grant } from '../policy/grant.ts'
import { quote, visible } from '../policy/quote.ts'
import { type NamedObject, type Survey, type SurveyedReference, sorted, survey } from '../policy/survey.ts'
import { type AuditReport, auditJson, auditText } from '../report/audit.ts'
import { tooLargeSentence } from '../report/words.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { flawsOf } from './flaws.ts'
import { MODES_UNKNOWN, readInput } from './input.ts'
import {
  configOption,
  contextOption,
  excludeOption,
  filenameOption,
  kubeconfigOption,
  namespaceOption,
  outputOption,
} from './options.ts'
import { print } from './print.ts'
import { problemLine, reportProblems, tellNotes } from './problems.ts'

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
  readonly grants: readonly { readonly grant: Grant; readonly object: unknown }[]
  /** Namespaces with a grant that could not be read. */
  readonly unknown: ReadonlySet<string>
  readonly problems: readonly string[]
  /** What was left out or assumed. */
  readonly notes: readonly string[]
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
    .addOption(namespaceOption())
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
  const grants = subject.grants.map(({ grant }) => grant)
  const { judged, unjudged } = withoutUnknown(
    survey(catalogue, subject.objects, grants, new Set(config.exempt.namespaces)),
    subject.unknown,
  )
  const tooLarge = judged.tooLarge.map(({ object: { name }, count }) => tooLargeSentence(name, count))
  const problems = [...subject.problems, ...unjudged, ...tooLarge]
  const report: AuditReport = {
    grants: sorted(grants),
    survey: judged,
    ...flawsOf(subject.grants, (object) => object, catalogue),
    problems,
    notes: [...subject.notes, ...(options.config === undefined || paths.length === 0 ? [] : [MODES_UNKNOWN])],
  }
  await print(options.output === 'json' ? auditJson(report) : auditText(report))
  if (report.survey.references.some((one) => one.grants.length === 0)) process.exitCode = EXIT.findings
  tellNotes(report.notes)
  reportProblems(problems)
}

/** The survey without the references that a grant which could not be read may permit, and those in words. */
function withoutUnknown(all: Survey, unknown: ReadonlySet<string>): { judged: Survey; unjudged: string[] } {
  const isUnknown = ({ reference, grants }: SurveyedReference) =>
    grants.length === 0 && unknown.has(reference.to.namespace)
  const unjudged = all.references.filter(isUnknown).map(({ reference: { from, path, to } }) => {
    const what = `${path} refers to namespace ${quote(to.namespace)}, which has a grant that cannot be read`
    return `cannot judge ${objectTitle(from)}: ${what}`
  })
  return { judged: { ...all, references: all.references.filter((one) => !isUnknown(one)) }, unjudged }
}

async function fromFiles(
  paths: readonly string[],
  { namespace, exclude }: AuditOptions,
  catalogue: Catalogue,
): Promise<Subject> {
  const { objects, own, problems, notes } = await readInput({ paths, namespace, exclude }, catalogue, 'audit -')
  const grants = own.map(({ grant, object }) => ({ grant, object: object.object }))
  return { objects, grants, unknown: new Set(), problems: problems.map(problemLine), notes }
}

async function fromCluster({ kubeconfig, context }: AuditOptions, catalogue: Catalogue): Promise<Subject> {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const tell = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Klisting ${what}`)
  }
  try {
    const api = new Api(connectionFrom({ kubeconfig, context }))
    const inventory = await takeInventory(api, catalogue, tell, interrupted.signal)
    return { ...inventory, problems: inventory.problems.map(visible), notes: [] }
  } catch (error) {
    throw new CommandFailure(`cannot audit the cluster: ${(error as Error).message}`, { cause: error })
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}
