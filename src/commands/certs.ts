import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { issueAuthority, issueClient, issueServer } from '../certificates/issue.ts'
import { visible } from '../policy/quote.ts'
import { CommandFailure } from './failure.ts'

/** How long development certificates last, in days. They are for one machine and made again in milliseconds. */
const DAYS = 365

/** Where a development server is reached. */
const HOSTS = ['localhost', '127.0.0.1', '::1'] as const

interface CertsOptions {
  readonly out: string
  readonly host: [string, ...string[]]
  readonly client?: string
  readonly keep?: true
}

/** `refgrant certs`: certificates for development. */
export function certsCommand(): Command {
  return new Command('certs')
    .description('make a certificate authority and a server certificate for development: ca.crt, tls.crt, tls.key')
    .option('--out <folder>', 'where to put them', 'certs')
    .option('--host <host...>', 'DNS names and IP addresses of the server', [...HOSTS])
    .option('--client <name>', 'also make client.crt and client.key, for a client of this name; default: none')
    .option('--keep', 'do nothing if they are there already')
    .action(async ({ out, host, client: name, keep }: CertsOptions) => {
      const files = ['ca.crt', 'tls.crt', 'tls.key', ...(name === undefined ? [] : ['client.crt', 'client.key'])]
      if (keep && files.every((file) => existsSync(path.join(out, file)))) return
      const authority = issueAuthority(`refgrant development ${new Date().toISOString()}`, DAYS)
      const server = issueServer(authority, host, DAYS)
      const client = name === undefined ? undefined : issueClient(authority, name, DAYS)
      // The authority's key is not kept: nobody can sign anything else with it.
      const contents = [authority.cert, server.cert, server.key, client?.cert, client?.key]
      try {
        await mkdir(out, { recursive: true })
        for (const [index, file] of files.entries()) {
          const place = path.join(out, file)
          await writeFile(`${place}.new`, contents[index] as string, { mode: 0o600 })
          await rename(`${place}.new`, place)
        }
      } catch (error) {
        throw new CommandFailure(`cannot write the certificates: ${(error as Error).message} (--out)`, { cause: error })
      }
      process.stderr.write(`${visible(`certificates for ${host.join(', ')} are in ${out}`)}\n`)
    })
}
