import { accessSync, constants } from 'node:fs'
import type https from 'node:https'
import { isIP } from 'node:net'
import tls from 'node:tls'
import { KubeConfig } from '@kubernetes/client-node'
import { reasonOf } from '../system/reason.ts'
import { bare, quote } from '../wording/quote.ts'
import type { ClusterEntry, UserEntry } from './kubeconfig.ts'

type Material = Pick<
  https.RequestOptions,
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername' | 'checkServerIdentity'
>

/**
 * Returns a function that reads how a server is verified, and the client certificate, at each call: files rotate.
 *
 * Source: k8s.io/client-go, clientcmd (validateClusterInfo, validateAuthInfo) and transport (TLSConfigFor).
 *
 * @throws Error if kubectl would refuse the fields
 */
export function tlsMaterial(cluster: ClusterEntry, user: UserEntry, name: string): () => Promise<Material> {
  const { 'insecure-skip-tls-verify': insecure = false, 'tls-server-name': serverName } = cluster
  const authority = oneOf('the cluster of the kubeconfig', 'certificate-authority', cluster)
  const subject = `user ${quote(name)} of the kubeconfig`
  const certificate = oneOf(subject, 'client-certificate', user)
  if (authority.isGiven && insecure)
    throw new Error(
      'the cluster of the kubeconfig has insecure-skip-tls-verify and a certificate-authority: remove one of them',
    )
  const key = certificate.isGiven ? oneOf(subject, 'client-key', user) : undefined
  if (key && !key.isGiven) throw new Error(`${subject} has a client-certificate without a client-key`)
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'chosen', server: cluster.server, skipTLSVerify: insecure, ...authority.as('ca') },
    { name: 'chosen', ...certificate.as('cert'), ...key?.as('key') },
  )
  const contents = [authority, certificate, ...(key ? [key] : [])]
  let isChecked = false
  return async () => {
    const options: https.RequestOptions = {}
    await config.applyToHTTPSOptions(options).catch((error) => {
      throw unreadable(contents) ?? error
    })
    // Like Go, and unlike Node, trust the authorities of the system.
    const { ca = tls.getCACertificates('system'), cert, key } = options
    if (!isChecked) check({ ca: authority.isGiven ? ca : undefined, cert, key })
    isChecked = true
    return { ca, ...(cert && key && { cert, key }), rejectUnauthorized: !insecure, ...verifying(serverName) }
  }
}

/** Returns an error that names the field of a file that cannot be read: that of the client library does not. */
function unreadable(contents: readonly Content[]): Error | undefined {
  for (const { title, file } of contents) {
    if (file === undefined) continue
    try {
      accessSync(file, constants.R_OK)
    } catch (error) {
      return new Error(`${title} is ${bare(file)}: ${reasonOf(error)}`, { cause: error })
    }
  }
  return undefined
}

interface Content {
  /** The field and what has it, such as `client-key of user "jane" of the kubeconfig`. */
  readonly title: string
  /** The file that it names. */
  readonly file: string | undefined
  readonly isGiven: boolean
  /** Returns it by the names of the client library. */
  as(prefix: string): Record<string, string>
}

/** Returns what a field names, or what the same field with `-data` holds. */
function oneOf(subject: string, field: string, entry: object): Content {
  const { [field]: file, [`${field}-data`]: data } = entry as Record<string, string | undefined>
  if (file !== undefined && data !== undefined)
    throw new Error(`${subject} has ${field} and ${field}-data: remove one of them`)
  return {
    title: `${field} of ${subject}`,
    file,
    isGiven: (file ?? data) !== undefined,
    as: (prefix) => ({
      ...(file !== undefined && { [`${prefix}File`]: file }),
      ...(data !== undefined && { [`${prefix}Data`]: data }),
    }),
  }
}

/** @throws Error if PEM cannot be used, with words that name it */
function check({ ca, cert, key }: Material): void {
  if (ca !== undefined && !String(ca).includes('-----BEGIN CERTIFICATE-----'))
    throw new Error('the certificate-authority of the kubeconfig has no PEM certificate')
  try {
    tls.createSecureContext({ ca, cert, key })
  } catch (error) {
    throw new Error(`the certificates of the kubeconfig cannot be used: ${reasonOf(error)}`, { cause: error })
  }
}

/** Returns how the name in the certificate of the server is verified. TLS itself does not send an address as a name. */
function verifying(name: string | undefined): Material {
  if (name === undefined) return {}
  if (isIP(name) === 0) return { servername: name }
  return { servername: '', checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate) }
}
