import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { readOnce } from '../system/read-once.ts'
import { reasonOf } from '../system/reason.ts'
import { bare, quote } from '../wording/quote.ts'
import type { ImpersonatingUser } from './impersonation.ts'

// Source of all of this file: k8s.io/client-go/tools/clientcmd, loader.go, client_config.go, validation.go and api/v1.

/** A cluster in a kubeconfig. Its paths are absolute. */
export interface ClusterEntry {
  readonly server: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
  readonly 'proxy-url'?: string
  readonly 'disable-compression'?: boolean
  readonly extensions?: readonly { readonly name?: unknown; readonly extension?: unknown }[]
}

/** A user in a kubeconfig. Its paths are absolute. */
export interface UserEntry extends ImpersonatingUser {
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly exec?: Readonly<Record<string, unknown>>
  readonly 'auth-provider'?: Readonly<Record<string, unknown>>
}

/** What a context of kubeconfigs names. */
export interface Chosen {
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  /** The name of the user. */
  readonly userName: string
  readonly namespace: string | undefined
}

const isList = Array.isArray
const isMap = (value: unknown) => typeof value === 'object' && !isList(value)
const isText = (value: unknown) => typeof value === 'string'
const isTexts = (value: unknown) => isList(value) && value.every(isText)
const isMapOfTexts = (value: unknown) => isMap(value) && Object.values(Object(value)).every(isTexts)

type Type = readonly [is: (value: unknown) => boolean, what: string]
const TEXT: Type = [isText, 'a text: put it in quotes']
const FLAG: Type = [(value) => typeof value === 'boolean', 'true or false']
const MAP: Type = [isMap, 'a map']

/** The fields with a path. It is relative to the folder of the kubeconfig. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile']

const TEXTS = [
  ...PATHS,
  ...['cluster', 'user', 'namespace', 'server', 'tls-server-name', 'proxy-url', 'certificate-authority-data'],
  ...['client-certificate-data', 'client-key-data', 'token', 'username', 'password', 'as', 'as-uid'],
]

/** The types of the fields. kubectl refuses a file with a value of another type, and ignores other fields. */
const TYPES: Readonly<Record<string, Type>> = {
  ...Object.fromEntries(TEXTS.map((field) => [field, TEXT])),
  'insecure-skip-tls-verify': FLAG,
  'disable-compression': FLAG,
  extensions: [isList, 'a list'],
  exec: MAP,
  'auth-provider': MAP,
  'as-groups': [isTexts, 'a list of texts'],
  'as-user-extra': [isMapOfTexts, 'a map of lists of texts'],
}

type Fields = Record<string, unknown>
type Section = 'clusters' | 'users' | 'contexts'

/** The entries of kubeconfigs by name, and the current context. */
interface Merged extends Record<Section, Map<string, Fields>> {
  current: string
}

/**
 * Returns what a context names in kubeconfigs. Of several entries with one name, that of the first file counts.
 *
 * @param context default: the current context
 * @throws Error if a file cannot be read, or the context is missing or incomplete
 */
export function chosenIn(files: readonly string[], context: string | undefined): Chosen {
  const merged = mergedFrom(files)
  const found = merged.contexts.get(context ?? merged.current)
  if (context !== undefined && !found) throw new Error(`the kubeconfig has no context ${quote(context)}`)
  if (!found) throw new Error('the kubeconfig has no current context: choose one with --context')
  const clusterName = String(found.cluster ?? '')
  const cluster = merged.clusters.get(clusterName)
  if (!cluster)
    throw new Error(
      `the kubeconfig has no cluster ${quote(clusterName)}, which the context names: add it, or use --context`,
    )
  if (!cluster.server)
    throw new Error(`cluster ${quote(clusterName)} of the kubeconfig has no server: add it, or use --context`)
  const userName = String(found.user ?? '')
  const user = merged.users.get(userName)
  if (!user) throw new Error(`the kubeconfig has no user ${quote(userName)}, which the context names`)
  const namespace = found.namespace ? String(found.namespace) : undefined
  return { cluster: cluster as unknown as ClusterEntry, user, userName, namespace }
}

/**
 * Returns the names of the contexts in kubeconfigs.
 *
 * @throws Error if a file cannot be read
 */
export const contextsIn = (files: readonly string[]): string[] => [...mergedFrom(files).contexts.keys()]

function mergedFrom(files: readonly string[]): Merged {
  const merged: Merged = { clusters: new Map(), users: new Map(), contexts: new Map(), current: '' }
  for (const file of files) add(merged, file, files.length > 1)
  return merged
}

/** @param mayBeEmpty whether the file may have no content, since there are others */
function add(merged: Merged, file: string, mayBeEmpty: boolean): void {
  try {
    const content = parsed(readOnce(file).toString())
    if (!content && mayBeEmpty) return
    if (!content) throw new Error('is empty')
    if (!isMap(content)) throw new Error('is not a kubeconfig')
    const { 'current-context': current = '', ...sections } = content as Fields
    merged.current ||= String(current ?? '')
    for (const section of ['clusters', 'users', 'contexts'] as const)
      for (const [name, fields] of entriesOf(sections[section], section, path.dirname(path.resolve(file))))
        if (!merged[section].has(name)) merged[section].set(name, fields)
  } catch (error) {
    throw new Error(`${bare(file)}: ${reasonOf(error)}`, { cause: error })
  }
}

/** @throws Error without a part of the text, which may be a token or a key */
function parsed(text: string): unknown {
  try {
    // kubectl knows merge keys: a user may take fields from an anchor. A warning would show a line.
    return parse(text, { merge: true, logLevel: 'error' })
  } catch (error) {
    const [at] = error instanceof YAMLParseError ? (error.linePos ?? []) : []
    throw new Error(`is not valid YAML${at ? `: see line ${at.line}, column ${at.col}` : ''}`)
  }
}

function entriesOf(list: unknown, section: Section, folder: string): Map<string, Fields> {
  const kind = section.slice(0, -1)
  const entries = new Map<string, Fields>()
  if (list !== null && list !== undefined && !isList(list)) throw new Error(`${section} is not a list`)
  for (const entry of (list ?? []) as (Fields | null)[]) {
    const name = entry?.name
    if (!isText(name)) throw new Error(`${section} has an entry whose name is not a text`)
    if (entries.has(String(name))) throw new Error(`${section} has ${quote(String(name))} twice`)
    const fields = Object.entries(Object(entry?.[kind] ?? {})).filter(([, value]) => value !== null && value !== '')
    entries.set(
      String(name),
      Object.fromEntries(fields.map(([field, value]) => [field, checked(field, value, folder)])),
    )
  }
  return entries
}

function checked(field: string, value: unknown, folder: string): unknown {
  const [is, what] = TYPES[field] ?? [() => true, '']
  if (!is(value)) throw new Error(`${field} is not ${what}`)
  if (PATHS.includes(field)) return path.resolve(folder, String(value))
  if (field !== 'exec') return value
  // A name without a slash is looked up in PATH.
  const { command } = value as Fields
  const isPath = isText(command) && String(command).includes(path.sep)
  return isPath ? { ...(value as Fields), command: path.resolve(folder, String(command)) } : value
}

/** Returns the existing files of KUBECONFIG, or else the kubeconfig of the home folder, as kubectl does. */
export function defaultKubeconfigs(): string[] {
  const named = namedKubeconfigs()
  // As in Go: the user of a Pod may have no entry among the users of the system, for which Node would throw.
  const home = process.platform === 'win32' ? homedir() : (process.env.HOME ?? '')
  const files = named.length === 0 && home !== '' ? [path.join(home, '.kube', 'config')] : named
  return files.filter((file) => existsSync(file))
}

/** Returns the files that KUBECONFIG names, whether or not they exist. */
function namedKubeconfigs(): string[] {
  return [...new Set((process.env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== ''))]
}

/** Returns what to do without a kubeconfig. */
export function noKubeconfig(): string {
  const named = namedKubeconfigs().map(bare)
  return named.length > 0
    ? `KUBECONFIG names ${named.join(', ')}, and no such file exists: correct it, or use --kubeconfig`
    : 'no kubeconfig was found: name one with --kubeconfig or KUBECONFIG'
}
