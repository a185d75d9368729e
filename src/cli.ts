#!/usr/bin/env node
import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import type { Commands } from './commands/complete.ts'
import { versionLine } from './commands/version.ts'
import { EXIT, Failure } from './system/failure.ts'
import { PROGRAM } from './system/program.ts'
import { closeOutput, outputFailure, tell, write } from './terminal/print.ts'
import { usageSentence } from './terminal/usage.ts'

/**
 * The commands, each with what the help says of it. Each is imported only when it runs: an import of the modules of the server takes
 * longer than a check.
 */
const COMMANDS: Commands = {
  serve: {
    does: 'run the webhook, with grants from the cluster or from a folder',
    build: async () => (await import('./commands/serve.ts')).serveCommand(),
  },
  check: {
    does: 'check the objects in files against the ReferenceGrants among them',
    build: async () => (await import('./commands/check.ts')).checkCommand(),
  },
  explain: {
    does: 'say which grant permits a reference, or which grants nearly permit it and what to correct',
    build: async () => (await import('./commands/explain.ts')).explainCommand(),
  },
  grant: {
    does: 'print the smallest grants that permit the references in files, or the reference of --from and --to',
    build: async () => (await import('./commands/grant.ts')).grantCommand(),
  },
  audit: {
    does: 'list what grants permit, and which references are permitted, by which grant, or not',
    build: async () => (await import('./commands/audit.ts')).auditCommand(),
  },
  catalogue: {
    does: 'print every guarded field of Gateway API and of your configuration',
    build: async () => (await import('./commands/catalogue.ts')).catalogueCommand(),
  },
  manifests: {
    does: 'print the Kubernetes objects that the server needs: its account, its rights and its registration',
    build: async () => (await import('./commands/manifests.ts')).manifestsCommand(),
  },
  probe: {
    does: 'test whether the API server calls refgrant: dry-run a route without a grant and with one',
    build: async () => (await import('./commands/probe.ts')).probeCommand(),
  },
  certs: {
    does: 'make a certificate authority and a server certificate for development: ca.crt, tls.crt, tls.key',
    build: async () => (await import('./commands/certs.ts')).certsCommand(),
  },
  completion: {
    does: 'print a completion script for a shell or for kubectl',
    build: async () => (await import('./commands/completion.ts')).completionCommand(),
  },
  version: {
    does: 'print the versions of refgrant and of Node',
    build: async () => (await import('./commands/version.ts')).versionCommand(),
  },
}

/** What a shell runs to complete a command line. */
const COMPLETE = '__complete'

// The YAML library asks for an environment variable at each token, which takes a tenth of its time in Node's view of the system's.
process.env = { ...process.env }

const argv = wordsOf(process.argv.slice(2))
const [first = ''] = argv
const asked = Object.hasOwn(COMMANDS, first) ? first : ''

/** Runs the command. */
async function main(): Promise<void> {
  const program = new Command(PROGRAM)
    .description('Checks Gateway API references into other namespaces against ReferenceGrants.')
    .version(versionLine, '-V, --version', 'print the version')
    .addHelpText(
      'after',
      `\n${PROGRAM} COMMAND --help describes a command.\n\nExit codes: 0 success; 1 success, and errors were found; 2 failure or wrong usage.`,
    )
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { does, build }]) =>
      (name === asked ? await build() : new Command(name)).description(does),
    ),
  )
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
    if (first !== COMPLETE) await program.parseAsync(argv, { from: 'user' })
    else await (await import('./commands/complete.ts')).complete(argv.slice(1), program, COMMANDS)
  } catch (error) {
    process.exitCode = exitCode(error)
  }
}

/**
 * Returns the words of the command line as the commands take them: `help check` is `check --help`, and `-o=json` is `-ojson`, as with
 * kubectl. With an unknown command, the other words do not matter.
 */
function wordsOf(given: readonly string[]): string[] {
  if (given[0] === COMPLETE) return [...given]
  const words = given[0] === 'help' && given[1] !== undefined ? [given[1], '--help'] : given
  const [name = ''] = words
  if (/^[^-]/.test(name) && name !== 'help' && !Object.hasOwn(COMMANDS, name)) return [name]
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words.map((word, at) => (at < end ? word.replace(/^(-[a-zA-Z])=(?=.)/s, '$1') : word))
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done
    // Without a command, commander has already printed the help.
    if (error.code !== 'commander.help') tell(usageSentence(error, asked))
    return EXIT.failed
  }
  // Only an unexpected error shows its stack.
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd')
    tell('the current folder was removed: change to another one')
  else tell(error instanceof Failure ? error.message : inspect(error))
  return EXIT.failed
}

void main()
