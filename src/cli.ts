#!/usr/bin/env node
import { Command } from 'commander'
import { certsCommand } from './commands/certs.ts'
import { CommandFailure } from './commands/failure.ts'
import { grantCommand } from './commands/grant.ts'
import { manifestsCommand } from './commands/manifests.ts'
import { serveCommand } from './commands/serve.ts'

const program = new Command('refgrant')
  .description('Checks Gateway API references into other namespaces against ReferenceGrants.')
  .addHelpText('after', '\nExit codes: 0 done; 1 usage, or interrupted twice; 2 could not do it.')
  .addCommand(serveCommand())
  .addCommand(grantCommand())
  .addCommand(manifestsCommand())
  .addCommand(certsCommand())

try {
  await program.parseAsync()
} catch (error) {
  // Only what nobody foresaw shows its stack.
  process.stderr.write(`refgrant: ${error instanceof CommandFailure ? error.message : (error as Error).stack}\n`)
  process.exitCode = 2
}
