import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import { Failure } from '../system/failure.ts'
import { reasonOf } from '../system/reason.ts'
import { bare, quote } from '../wording/quote.ts'
import { issueAuthority, issueClient, issueServer } from './issue.ts'
import { validFor } from './validity.ts'

/** Lifetime of development certificates, in ms: a year. They are for one machine, and quick to make again. */
const LIFETIME = 365 * 24 * 60 * 60 * 1_000

/**
 * Returns the paths of development certificates: those of the authority and the server, and of a client if it is named.
 *
 * @param client the name of the client
 */
export function placesIn(folder: string, client: string | undefined): string[] {
  const files = ['ca.crt', 'tls.crt', 'tls.key', ...(client === undefined ? [] : ['client.crt', 'client.key'])]
  return files.map((file) => path.join(folder, file))
}

/**
 * Returns why the certificates of a folder cannot be kept: one has expired, or is not for these hosts or this client.
 * Returns undefined if they can be kept.
 *
 * @throws Failure if a file is not a certificate
 */
export async function problemIn(
  folder: string,
  hosts: readonly string[],
  client: string | undefined,
): Promise<string | undefined> {
  const serverPlace = path.join(folder, 'tls.crt')
  const server = await certificateAt(serverPlace)
  if (server.validToDate < new Date()) return `${bare(serverPlace)} expired on ${server.validTo}`
  const lacking = hosts.filter((host) => !isFor(server, host))
  if (lacking.length > 0) return `${bare(serverPlace)} is not for ${lacking.join(', ')} (--host)`
  if (client === undefined) return undefined
  const clientPlace = path.join(folder, 'client.crt')
  const { CN: name } = (await certificateAt(clientPlace)).toLegacyObject().subject
  if (name === client) return undefined
  return `${bare(clientPlace)} is for ${quote(String(name))}, and not for ${quote(client)} (--client)`
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
    throw new Failure(`cannot parse ${bare(place)} as a certificate: ${reasonOf(error)}`, { cause: error })
  }
}

/**
 * Makes an authority, and certificates that it signs.
 *
 * @param places the paths from `placesIn`
 * @param name the name of the client, if any
 * @throws Failure if a file cannot be written
 */
export async function makeCertificates(
  places: readonly string[],
  hosts: readonly [string, ...string[]],
  name: string | undefined,
): Promise<void> {
  const validity = validFor(LIFETIME)
  const authority = issueAuthority(`refgrant development ${new Date().toISOString()}`, validity)
  const server = issueServer(authority, hosts, validity)
  const client = name === undefined ? undefined : issueClient(authority, name, validity)
  // The key of the authority is not written, so it cannot sign anything else.
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
