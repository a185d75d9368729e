import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isHost } from '../certificates/host.ts'
import { issueAuthority, issueClient, issueServer } from '../certificates/issue.ts'
import { bare, quote, visible } from '../policy/quote.ts'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'

/** How long development certificates last, in days. They are for one machine and made again in milliseconds. */
const DAYS = 365

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
  const files = ['ca.crt', 'tls.crt', 'tls.key', ...(client === undefined ? [] : ['client.crt', 'client.key'])]
  const places = files.map((file) => path.join(out, file))
  const there = places.filter((place) => existsSync(place))
  if (there.length > 0 && !force) {
    if (!keep) throw new Failure(`${list(there)}: already there. Keep them with --keep, or replace them with --force`)
    const missing = places.filter((place) => !there.includes(place))
    // The authority's key is gone, so nothing can be added to what there is.
    if (missing.length > 0)
      throw new Failure(`${list(missing)}: not there, and --keep keeps ${list(there)}. Make all anew with --force`)
    return refuseUnfit(out, host ?? [], client)
  }
  await write(places, host ?? HOSTS, client)
  process.stderr.write(`${visible(`certificates for ${(host ?? HOSTS).join(', ')} are in ${out}`)}\n`)
}

const list = (places: readonly string[]) => places.map(bare).join(', ')

/** @throws Failure if the certificates of a folder have expired, or are not for these hosts and this client */
async function refuseUnfit(out: string, hosts: readonly string[], client: string | undefined): Promise<void> {
  const refuse = (place: string, problem: string) => {
    throw new Failure(`${bare(place)} ${problem}. Leave out --keep and make all anew with --force`)
  }
  const serverPlace = path.join(out, 'tls.crt')
  const server = await certificateAt(serverPlace)
  if (server.validToDate < new Date()) refuse(serverPlace, `expired on ${server.validTo}`)
  const lacking = hosts.filter((host) => !isFor(server, host))
  if (lacking.length > 0) refuse(serverPlace, `is not for ${lacking.join(', ')} (--host)`)
  if (client === undefined) return
  const clientPlace = path.join(out, 'client.crt')
  const { CN: name } = (await certificateAt(clientPlace)).toLegacyObject().subject
  if (name !== client) refuse(clientPlace, `is for ${quote(String(name))}, and not for ${quote(client)} (--client)`)
}

function isFor(certificate: X509Certificate, host: string): boolean {
  if (isIP(host)) return certificate.checkIP(host) !== undefined
  const names = certificate.subjectAltName?.toLowerCase().split(', ') ?? []
  return names.includes(`dns:${host.toLowerCase()}`)
}

async function certificateAt(place: string): Promise<X509Certificate> {
  try {
    return new X509Certificate(await readFile(place))
  } catch (error) {
    throw new Failure(`${bare(place)} is no certificate that can be kept: ${reasonOf(error)}`, { cause: error })
  }
}

async function write(
  places: readonly string[],
  hosts: readonly [string, ...string[]],
  name: string | undefined,
): Promise<void> {
  const authority = issueAuthority(`refgrant development ${new Date().toISOString()}`, DAYS)
  const server = issueServer(authority, hosts, DAYS)
  const client = name === undefined ? undefined : issueClient(authority, name, DAYS)
  // The authority's key is not kept: nobody can sign anything else with it.
  const contents = [authority.cert, server.cert, server.key, client?.cert, client?.key]
  for (const [index, place] of places.entries()) {
    try {
      await mkdir(path.dirname(place), { recursive: true })
      await writeFile(`${place}.new`, contents[index] as string, { mode: 0o600 })
      await rename(`${place}.new`, place)
    } catch (error) {
      throw new Failure(`cannot write ${bare(place)}: ${reasonOf(error)} (--out)`, { cause: error })
    }
  }
}

function hostsOf(text: string, before: readonly string[] = []): string[] {
  if (!isHost(text)) throw new InvalidArgumentError('a DNS name or an IP address, without a scheme and a port')
  return [...before, text]
}

function clientOf(text: string): string {
  if (text === '' || text.length > LONGEST_NAME)
    throw new InvalidArgumentError(`a common name of 1 to ${LONGEST_NAME} characters`)
  return text
}
