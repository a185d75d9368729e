#!/usr/bin/env node
import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { versionLine } from './commands/version.ts'
import { EXIT, Failure } from './system/failure.ts'
import { PROGRAM } from './system/program.ts'
import { closeOutput, outputFailure, tell, write } from './terminal/print.ts'
import { usageSentence } from './terminal/usage.ts'

/** The commands. Each is imported only when it runs: an import of the modules of the server takes longer than a check. */
const builders: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand(),
  check: async () => (await import('./commands/check.ts')).checkCommand(),
  explain: async () => (await import('./commands/explain.ts')).explainCommand(),
  grant: async () => (await import('./commands/grant.ts')).grantCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  catalogue: async () => (await import('./commands/catalogue.ts')).catalogueCommand(),
  manifests: async () => (await import('./commands/manifests.ts')).manifestsCommand(),
  probe: async () => (await import('./commands/probe.ts')).probeCommand(),
  certs: async () => (await import('./commands/certs.ts')).certsCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(),
  version: async () => (await import('./commands/version.ts')).versionCommand(),
}

// The YAML library asks for an environment variable at each token, which takes a tenth of its time in Node's view of the system's.
process.env = { ...process.env }

/** What a shell runs to complete a command line. */
const COMPLETE = '__complete'

const word = process.argv[2] ?? ''
const asked = Object.hasOwn(builders, word) ? builders[word] : undefined
/** Runs the command. */
async function main(): Promise<void> {
  const needed = word === COMPLETE ? [] : asked ? [asked] : Object.values(builders)
  const commands = await Promise.all(needed.map((build) => build()))

  const program = new Command(PROGRAM)
    .description('Checks Gateway API references into other namespaces against ReferenceGrants.')
    .version(versionLine, '-V, --version', 'print the version')
    .addHelpText('after', '\nExit codes: 0 success; 1 success, and errors were found; 2 failure or wrong usage.')
  // `exitCode` reports wrong usage, like every other failure.
  for (const command of [program, ...commands])
    command.exitOverride().configureOutput({ outputError: () => {}, writeOut: write })
  for (const command of commands) program.addCommand(command)

  // The reader of a pipe may close it early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return closeOutput()
    tell(outputFailure(error).message)
    process.exit(EXIT.failed)
  })
  // A message that cannot be written does not stop the work.
  process.stderr.on('error', () => {})

  try {
    if (word !== COMPLETE) await program.parseAsync()
    else await (await import('./commands/complete.ts')).complete(process.argv.slice(3), program, builders)
  } catch (error) {
    process.exitCode = exitCode(error)
  }
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done
    // Without a command, commander has already printed the help.
    if (error.code !== 'commander.help') tell(usageSentence(error, asked ? word : ''))
    return EXIT.failed
  }
  // Only an unexpected error shows its stack.
  tell(error instanceof Failure ? error.message : inspect(error))
  return EXIT.failed
}

void main()
