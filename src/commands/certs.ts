import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { issueAuthority, issueServer } from '../certificates/issue.ts'

/** How long development certificates last, in days. They are for one machine and made again in milliseconds. */
const DAYS = 365

/** Where a development server is reached. */
const HOSTS = ['localhost', '127.0.0.1', '::1'] as const

/** `refgrant certs`: certificates for development. */
export function certsCommand(): Command {
  return new Command('certs')
    .description('make a certificate authority and a server certificate for development: ca.crt, tls.crt, tls.key')
    .option('--out <folder>', 'where to put them', 'certs')
    .option('--host <host...>', 'DNS names and IP addresses of the server', [...HOSTS])
    .option('--keep', 'do nothing if they are there already')
    .action(async ({ out, host, keep }: { out: string; host: [string, ...string[]]; keep?: true }) => {
      const files = ['ca.crt', 'tls.crt', 'tls.key'].map((file) => path.join(out, file))
      if (keep && files.every((file) => existsSync(file))) return
      const authority = issueAuthority(`refgrant development ${new Date().toISOString()}`, DAYS)
      const server = issueServer(authority, host, DAYS)
      await mkdir(out, { recursive: true })
      // The authority's key is not kept: nobody can sign anything else with it.
      for (const [index, content] of [authority.cert, server.cert, server.key].entries()) {
        const file = files[index] as string
        await writeFile(`${file}.new`, content, { mode: 0o600 })
        await rename(`${file}.new`, file)
      }
      process.stderr.write(`certificates for ${host.join(', ')} are in ${out}\n`)
    })
}
