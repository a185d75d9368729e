import { readFile } from 'node:fs/promises'
import { reasonOf } from '../system/reason.ts'
import { bare, quote } from '../wording/quote.ts'
import { CredentialPlugin, type PluginCluster, type Proof } from './credential-plugin.ts'
import type { UserEntry } from './kubeconfig.ts'

/** Credentials of a user. They may change with time. */
export interface Credentials {
  /** The limit for `current`, in ms. */
  readonly within: number
  current(signal: AbortSignal): Promise<Proof>
  /** Called when the API server does not accept what `current` returned. */
  refused?(): void
}

/** Timeout for credentials, in ms. A credential plugin may ask another server, or hang. */
const WITHIN = 30_000

/** Timeout where a person may have to enter a code or confirm a login, in ms. */
const WITHIN_WITH_PERSON = 5 * 60_000

/** What to use in place of the providers that kubectl removed in 1.26. Source: k8s.io/client-go/plugin/pkg/client/auth. */
const REPLACED: Record<string, string> = {
  gcp: 'install gke-gcloud-auth-plugin and run gcloud container clusters get-credentials CLUSTER',
  azure: 'install kubelogin (https://github.com/Azure/kubelogin) and run kubelogin convert-kubeconfig',
}

/** How long before its end an ID token counts as expired, in ms. Source: k8s.io/client-go/plugin/pkg/client/auth/oidc. */
const EXPIRY_MARGIN = 10_000

/**
 * Returns the credentials of a user as kubectl chooses them: a token before basic authentication, and a plugin only if
 * there is neither of them nor a client certificate.
 *
 * Source: k8s.io/client-go, clientcmd (validateAuthInfo, getUserIdentificationPartialConfig), transport and exec.
 *
 * @throws Error if kubectl would refuse the user, or if the user has no credentials
 */
export function credentialsOf(user: UserEntry, name: string, cluster: () => PluginCluster): Credentials {
  const { token, tokenFile, username, password = '', exec } = user
  const provider = user['auth-provider']
  const hasCertificate = (user['client-certificate'] ?? user['client-certificate-data']) !== undefined
  const hasToken = (token ?? tokenFile) !== undefined
  const subject = `user ${quote(name)} of the kubeconfig`
  if (hasToken && username !== undefined) throw new Error(`${subject} has a token and a user name: remove one of them`)
  if (exec && provider) throw new Error(`${subject} has exec and auth-provider: remove one of them`)
  const refusal = provider && REPLACED[String(provider.name)]
  if (refusal) throw new Error(`${subject} has auth-provider ${provider.name}, which kubectl removed: ${refusal}`)
  // kubectl reads the configuration of a plugin even if it does not run it.
  const plugin = exec && new CredentialPlugin(exec, subject, cluster)
  if (tokenFile !== undefined) return fixed(async () => bearer(await tokenOf(tokenFile, token)))
  if (token !== undefined) return fixed(async () => bearer(token))
  if (username !== undefined) {
    const basic = Buffer.from(`${username}:${password}`).toString('base64')
    return fixed(async () => ({ authorization: `Basic ${basic}` }))
  }
  if (provider) return fixed(idToken(provider, subject))
  if (hasCertificate) return fixed(async () => ({}))
  if (!plugin) throw new Error(`${subject} has no credentials, such as a token, a client certificate or exec`)
  return {
    within: plugin.isInteractive ? WITHIN_WITH_PERSON : WITHIN,
    current: (signal) => plugin.current(signal),
    refused: () => plugin.refused(),
  }
}

const fixed = (current: () => Promise<Proof>): Credentials => ({ within: WITHIN, current })
const bearer = (token: string): Proof => ({ authorization: `Bearer ${token}` })

/**
 * Returns the token that a file holds now: a token that has been revoked would fail.
 *
 * @param otherwise the token of the kubeconfig, which counts while the file cannot be read
 */
async function tokenOf(file: string, otherwise: string | undefined): Promise<string> {
  try {
    // The file may end with a newline, which is not valid in a header.
    const token = (await readFile(file, 'utf8')).trim()
    if (token === '') throw new Error('is empty')
    return token
  } catch (error) {
    if (otherwise !== undefined) return otherwise
    throw new Error(`the token file ${bare(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

/**
 * Returns the ID token of an OpenID Connect provider while it is valid. kubectl also renews it, and stores the new one: to
 * renew it here would invalidate the refresh token in the kubeconfig.
 */
function idToken({ name, config }: Readonly<Record<string, unknown>>, subject: string): () => Promise<Proof> {
  if (name !== 'oidc')
    throw new Error(`${subject} has auth-provider ${quote(String(name))}, which refgrant does not know: use exec`)
  const fields = Object(config ?? {})
  for (const field of ['idp-issuer-url', 'client-id'])
    if (!fields[field]) throw new Error(`${subject} has auth-provider oidc without ${field}`)
  const token = String(fields['id-token'] ?? '')
  const renew = 'run kubectl auth whoami, which renews it, and then refgrant again'
  const end = expiryOf(token)
  if (end === undefined) throw new Error(`${subject} has auth-provider oidc without a valid id-token: ${renew}`)
  return async () => {
    if (Date.now() + EXPIRY_MARGIN >= end) throw new Error(`the id-token of ${subject} has expired: ${renew}`)
    return bearer(token)
  }
}

/** Returns when a JSON Web Token expires, in ms; undefined if the text is not such a token. */
function expiryOf(token: string): number | undefined {
  const [, payload = '', signature] = token.split('.')
  if (signature === undefined) return undefined
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1_000 : undefined
  } catch {
    return undefined
  }
}
