import type { OutgoingHttpHeaders } from 'node:http'

/** Whose identity a request takes, besides that of its credentials. */
export interface Impersonation {
  readonly as?: string | undefined
  readonly asGroup?: readonly string[] | undefined
  readonly asUid?: string | undefined
  /** Lists of further values, by key. */
  readonly asUserExtra?: Readonly<Record<string, readonly string[]>> | undefined
}

/** The fields of a user in a kubeconfig. Source: k8s.io/client-go/tools/clientcmd/api/v1, AuthInfo. */
export interface ImpersonatingUser {
  readonly as?: string
  readonly 'as-groups'?: readonly string[]
  readonly 'as-uid'?: string
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>
}

/**
 * Returns the impersonation of a user in a kubeconfig, with the parts that options replace: an option with a value replaces
 * the user, the UID or all groups; extra values are replaced key by key.
 *
 * Source: k8s.io/client-go/tools/clientcmd, client_config.go (getAuthInfo) and merge.go.
 */
export function impersonationOf(user: ImpersonatingUser, options: Impersonation): Impersonation {
  const { asGroup = [] } = options
  return {
    as: options.as || user.as,
    asGroup: asGroup.length > 0 ? asGroup : user['as-groups'],
    asUid: options.asUid || user['as-uid'],
    asUserExtra: { ...user['as-user-extra'], ...options.asUserExtra },
  }
}

/**
 * Returns the headers of an impersonation. All parts are sent: without the groups, for example, the API server would answer
 * by other rights than those that were asked for.
 *
 * Source: k8s.io/client-go/transport, round_trippers.go (impersonatingRoundTripper).
 *
 * @throws Error if there is no user for the other parts, as kubectl does
 */
export function impersonationHeaders({
  as = '',
  asGroup = [],
  asUid = '',
  asUserExtra = {},
}: Impersonation): OutgoingHttpHeaders {
  const keys = Object.keys(asUserExtra)
  if (as === '') {
    if (asGroup.length + asUid.length + keys.length === 0) return {}
    throw new Error('groups, a UID or extra values of another user need its name: add --as, or "as" in the kubeconfig')
  }
  return {
    'Impersonate-User': bytes(as),
    ...(asGroup.length > 0 && { 'Impersonate-Group': asGroup.map(bytes) }),
    ...(asUid !== '' && { 'Impersonate-Uid': bytes(asUid) }),
    ...Object.fromEntries(
      keys.map((key) => [`Impersonate-Extra-${escaped(key)}`, (asUserExtra[key] ?? []).map(bytes)]),
    ),
  }
}

/** Returns the bytes of a text in UTF-8 as a header of Node, which sends each character as one byte. */
const bytes = (text: string) => Buffer.from(text).toString('latin1')

/** Escapes what the name of a header cannot hold, as the API server expects it. */
const escaped = (key: string) =>
  encodeURIComponent(key).replaceAll(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
