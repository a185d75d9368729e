import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { ControlPlane } from './control-plane.ts'

/** What refgrant noted of a write: annotations without their domain. */
type Annotations = Readonly<Record<string, string>>

const fileOf = ({ folder }: Pick<ControlPlane, 'folder'>) => path.join(folder, 'audit.log')

/** Where the API server's audit log ends now, in bytes. */
export async function auditLogEnd(controlPlane: Pick<ControlPlane, 'folder'>): Promise<number> {
  return (await stat(fileOf(controlPlane))).size
}

/**
 * What refgrant noted in the API server's audit log, of each write of an object with this name.
 *
 * @param since bytes of the log that are not read
 */
export async function auditAnnotations(
  controlPlane: Pick<ControlPlane, 'folder'>,
  name: string,
  since = 0,
): Promise<Annotations[]> {
  const lines = (await text(createReadStream(fileOf(controlPlane), { start: since }))).split('\n')
  // The last line may not be written to its end yet.
  return lines
    .slice(0, -1)
    .filter((line) => line.includes(`"name":${JSON.stringify(name)}`))
    .map((line) => annotationsIn(JSON.parse(line)))
    .filter((annotations) => Object.keys(annotations).length > 0)
}

/**
 * The requests of a user that the audit log has, each as verb, resource and name. The log has a line for each stage of a
 * request; the first counts.
 *
 * @param since bytes of the log that are not read
 */
export async function requestsOf(
  controlPlane: Pick<ControlPlane, 'folder'>,
  user: string,
  since = 0,
): Promise<string[]> {
  const lines = (await text(createReadStream(fileOf(controlPlane), { start: since }))).split('\n').slice(0, -1)
  const events = lines.filter((line) => line.includes(user)).map((line) => JSON.parse(line))
  const received = events.filter(({ stage }) => stage === 'RequestReceived')
  const theirs = received.filter((event) => event.user.username === user && event.objectRef)
  return theirs.map(({ verb, objectRef: { resource, name = '' } }) => `${verb} ${resource} ${name}`.trimEnd())
}

function annotationsIn({ annotations = {} }: { annotations?: Annotations }): Annotations {
  const ours = Object.entries(annotations).filter(([key]) => key.includes('.refgrant.dev/'))
  return Object.fromEntries(ours.map(([key, value]) => [key.split('/')[1], value]))
}

/** Who sent a request: the user of its credentials, and whom it impersonated. */
interface Identity {
  readonly user: string
  readonly as: unknown
}

/**
 * The identities of the requests in the audit log that neither kubectl nor the API server itself sent.
 *
 * @param since bytes of the log that are not read
 */
export async function identitiesOf(controlPlane: Pick<ControlPlane, 'folder'>, since: number): Promise<Identity[]> {
  const lines = (await text(createReadStream(fileOf(controlPlane), { start: since }))).split('\n').slice(0, -1)
  const events = lines.map((line) => JSON.parse(line)).filter(({ userAgent = '' }) => !/^kube/.test(userAgent))
  // An impersonation is not known yet when a request is received.
  const known = events.filter(({ stage }) => stage !== 'RequestReceived')
  return known.map(({ user, impersonatedUser }) => ({ user: user.username, as: impersonatedUser }))
}
