import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isHost } from '../certificates/host.ts'
import { Failure } from '../system/failure.ts'
import { bare, visible } from '../wording/quote.ts'

/** The hosts of a development server. */
const HOSTS = ['localhost', '127.0.0.1', '::1'] as const

/** The longest common name, in characters. Source: RFC 5280, appendix A.1, ub-common-name-length. */
const LONGEST_COMMON_NAME = 64

interface CertsOptions {
  readonly out: string
  /** The hosts of the server; default: `HOSTS` for new certificates, any hosts for kept ones. */
  readonly host?: readonly [string, ...string[]]
  readonly client?: string
  readonly keep?: true
  readonly force?: true
}

/** `refgrant certs`: makes certificates for development. */
export function certsCommand(): Command {
  return new Command('certs')
    .option('--out <folder>', 'folder of the files', 'certs')
    .option('--host <host...>', `DNS names and IP addresses of the server; default: ${HOSTS.join(', ')}`, hostsOf)
    .option(
      '--client <name>',
      'also make client.crt and client.key, for a client with this common name; default: none',
      clientOf,
    )
    .addOption(new Option('--keep', 'do nothing if the files exist').conflicts('force'))
    .option('--force', 'replace existing files; clients that trust the old authority do not trust the new one')
    .addHelpText('after', '\nWithout --keep or --force, existing files are an error, and nothing is written.')
    .action(certs)
}

async function certs({ out, host, client, keep, force }: CertsOptions): Promise<void> {
  const { makeCertificates, placesIn, problemIn } = await import('../certificates/development.ts')
  const places = placesIn(out, client)
  const there = places.filter((place) => existsSync(place))
  if (there.length > 0 && !force) {
    if (!keep)
      throw new Failure(
        `cannot write ${list(there)}: file exists. Keep existing files with --keep, or replace them with --force`,
      )
    const missing = places.filter((place) => !there.includes(place))
    // The key of the authority is not stored, so it cannot sign a missing certificate.
    if (missing.length > 0)
      throw new Failure(
        `cannot keep ${list(there)}: ${list(missing)} ${missing.length === 1 ? 'is' : 'are'} missing. Replace all files with --force`,
      )
    const problem = await problemIn(out, host ?? [], client)
    if (problem !== undefined) throw new Failure(`${problem}. Replace all files with --force in place of --keep`)
    return
  }
  await makeCertificates(places, host ?? HOSTS, client)
  process.stderr.write(`${visible(`certificates for ${(host ?? HOSTS).join(', ')} are in ${out}`)}\n`)
}

const list = (places: readonly string[]) => places.map(bare).join(', ')

function hostsOf(text: string, before: readonly string[] = []): string[] {
  if (!isHost(text)) throw new InvalidArgumentError('a DNS name or an IP address, without a scheme and a port')
  return [...before, text]
}

function clientOf(text: string): string {
  if (text === '' || text.length > LONGEST_COMMON_NAME)
    throw new InvalidArgumentError(`a common name of 1 to ${LONGEST_COMMON_NAME} characters`)
  return text
}
