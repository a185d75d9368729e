import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { makeCertificates, placesIn, problemIn } from '../certificates/development.ts'
import { isHost } from '../certificates/host.ts'
import { Failure } from '../system/failure.ts'
import { bare, visible } from '../wording/quote.ts'

/** Where a development server is reached. */
const HOSTS = ['localhost', '127.0.0.1', '::1'] as const

/** The longest common name, in characters. Source: RFC 5280, appendix A.1, ub-common-name-length. */
const LONGEST_NAME = 64

interface CertsOptions {
  readonly out: string
  /** Where the server is reached; without it `HOSTS`, and kept certificates may be for others. */
  readonly host?: readonly [string, ...string[]]
  readonly client?: string
  readonly keep?: true
  readonly force?: true
}

/** `refgrant certs`: certificates for development. */
export function certsCommand(): Command {
  return new Command('certs')
    .description('make a certificate authority and a server certificate for development: ca.crt, tls.crt, tls.key')
    .option('--out <folder>', 'where to put them', 'certs')
    .option('--host <host...>', `DNS names and IP addresses of the server; default: ${HOSTS.join(', ')}`, hostsOf)
    .option(
      '--client <name>',
      'also make client.crt and client.key, for a client of this name; default: none',
      clientOf,
    )
    .addOption(new Option('--keep', 'do nothing if they are there already').conflicts('force'))
    .option('--force', 'replace those that are there; what trusts the old authority trusts the new ones no more')
    .addHelpText('after', '\nWithout --keep and --force, files that are there are an error, and nothing is written.')
    .action(certs)
}

async function certs({ out, host, client, keep, force }: CertsOptions): Promise<void> {
  const places = placesIn(out, client)
  const there = places.filter((place) => existsSync(place))
  if (there.length > 0 && !force) {
    if (!keep) throw new Failure(`${list(there)}: already there. Keep them with --keep, or replace them with --force`)
    const missing = places.filter((place) => !there.includes(place))
    // The authority's key is gone, so nothing can be added to what there is.
    if (missing.length > 0)
      throw new Failure(`${list(missing)}: not there, and --keep keeps ${list(there)}. Make all anew with --force`)
    const problem = await problemIn(out, host ?? [], client)
    if (problem !== undefined) throw new Failure(`${problem}. Leave out --keep and make all anew with --force`)
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
  if (text === '' || text.length > LONGEST_NAME)
    throw new InvalidArgumentError(`a common name of 1 to ${LONGEST_NAME} characters`)
  return text
}
