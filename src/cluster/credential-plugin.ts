import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { endChild, startChild } from '../system/children.ts'
import { reasonOf } from '../system/reason.ts'
import { unlessAborted } from '../system/unless-aborted.ts'
import { bare, quote, visible } from '../wording/quote.ts'

// Source of all of this file: k8s.io/client-go/plugin/pkg/client/auth/exec, and Kubernetes, "Authenticating",
// client-go credential plugins.

const GROUP = 'client.authentication.k8s.io'
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`]

/** The most that a plugin may print, in bytes: a token and a certificate chain are far smaller. */
const MOST = 1024 * 1024

/** What shows the API server whose request it is. A client certificate of the kubeconfig itself is not in it. */
export interface Proof {
  /** The value of the header `Authorization`. */
  readonly authorization?: string
  /** The client certificate of a credential plugin, PEM. */
  readonly cert?: string
  readonly key?: string
}

/** What a plugin is told of the cluster, by the names of its fields. */
export type PluginCluster = Readonly<Record<string, unknown>>

interface Variable {
  readonly name: string
  readonly value: string
}

/** A program that prints credentials. They count until they expire. */
export class CredentialPlugin {
  /** Whether the plugin may ask the person at the terminal. */
  readonly isInteractive: boolean
  readonly #command: string
  readonly #args: readonly string[]
  readonly #env: readonly Variable[]
  readonly #version: string
  readonly #hint: string
  readonly #subject: string
  readonly #cluster: PluginCluster | undefined
  #known: { readonly proof: Proof; readonly until: number } | undefined
  #running: { readonly result: Promise<Proof>; readonly end: () => void } | undefined
  #waiting = 0

  /**
   * @param exec the field of the user in the kubeconfig
   * @param subject how messages call the user
   * @throws Error if kubectl would refuse the field
   */
  constructor(exec: Readonly<Record<string, unknown>>, subject: string, cluster: () => PluginCluster) {
    const { command, args, env, apiVersion, installHint, provideClusterInfo, interactiveMode } = exec
    const refuse = (what: string) => new Error(`exec of ${subject} ${what}`)
    if (typeof command !== 'string' || command === '') throw refuse('has no command')
    if (!VERSIONS.includes(String(apiVersion)))
      throw refuse(
        `has apiVersion ${quote(String(apiVersion))}, not ${VERSIONS.join(' or ')}: update the plugin and the kubeconfig`,
      )
    const mode = interactiveMode ?? (apiVersion === VERSIONS[0] ? undefined : 'IfAvailable')
    if (!['Never', 'IfAvailable', 'Always'].includes(String(mode)))
      throw refuse('needs interactiveMode: Never, IfAvailable or Always')
    if (mode === 'Always' && !process.stdin.isTTY)
      throw refuse('has interactiveMode Always, and standard input is not a terminal')
    if (!isListOf(args, (one) => typeof one === 'string')) throw refuse('has args that are not a list of texts')
    if (!isListOf(env, isVariable)) throw refuse('has env that is not a list of names and values')
    this.isInteractive = mode !== 'Never' && process.stdin.isTTY === true
    this.#command = command
    this.#args = (args ?? []) as string[]
    this.#env = (env ?? []) as Variable[]
    this.#version = String(apiVersion)
    this.#hint = typeof installHint === 'string' ? installHint : ''
    this.#subject = subject
    this.#cluster = provideClusterInfo === true ? cluster() : undefined
  }

  /**
   * Returns the credentials, from the plugin if none are known or these have expired. Ends the plugin if no request waits for
   * it any more.
   *
   * @throws Error if the plugin fails or prints something else; the signal's reason
   */
  async current(signal: AbortSignal): Promise<Proof> {
    if (this.#known && Date.now() <= this.#known.until) return this.#known.proof
    this.#running ??= this.#run()
    const { result, end } = this.#running
    this.#waiting += 1
    try {
      return await unlessAborted(signal, result)
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) {
        this.#running = undefined
        end()
      }
    }
  }

  /** Forgets the credentials, since the API server does not accept them. */
  refused(): void {
    this.#known = undefined
  }

  #run(): { result: Promise<Proof>; end: () => void } {
    const stdio: StdioOptions = [this.isInteractive ? 'inherit' : 'ignore', 'pipe', 'pipe']
    const child = startChild((how) => spawn(this.#command, this.#args, { ...how, stdio, env: this.#environment() }))
    const result = printed(child, this.#command).then(
      ({ output, failure }) => {
        if (failure !== undefined) throw new Error(`${this.#title} ${failure}`)
        return this.#take(output)
      },
      (error: NodeJS.ErrnoException) => {
        const install = error.code === 'ENOENT' ? `: install it, or correct exec of ${this.#subject}` : ''
        const hint = install && this.#hint && `\n${this.#hint.trim()}`
        throw new Error(`${this.#title} cannot be run: ${reasonOf(error)}${install}${hint}`, { cause: error })
      },
    )
    return { result, end: () => ended(child) }
  }

  get #title(): string {
    return `the credential plugin ${bare(this.#command)}`
  }

  #environment(): NodeJS.ProcessEnv {
    const spec = { ...(this.#cluster && { cluster: this.#cluster }), interactive: this.isInteractive }
    const asked = { kind: 'ExecCredential', apiVersion: this.#version, spec }
    const named = Object.fromEntries(this.#env.map(({ name, value }) => [name, value]))
    return { ...process.env, ...named, KUBERNETES_EXEC_INFO: JSON.stringify(asked) }
  }

  #take(output: string): Proof {
    const refuse = (what: string) => new Error(`${this.#title} ${what}`)
    const { kind, apiVersion, status } = parsed(output)
    if (kind !== 'ExecCredential') throw refuse('printed no ExecCredential on standard output')
    if (apiVersion !== this.#version)
      throw refuse(`printed apiVersion ${quote(String(apiVersion))}, and exec of ${this.#subject} has ${this.#version}`)
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: end } = Object(status ?? {})
    const texts = [token, cert, key].map((value) => value ?? '')
    if (!texts.every((value) => typeof value === 'string') || texts.join('') === '')
      throw refuse('printed neither a token nor a client certificate with its key')
    if (Boolean(cert) !== Boolean(key)) throw refuse('printed only one of a client certificate and its key')
    const until = end === undefined || end === null ? Number.POSITIVE_INFINITY : Date.parse(String(end))
    if (Number.isNaN(until)) throw refuse(`printed expirationTimestamp ${quote(String(end))}, which is not a time`)
    const proof = { ...(token && { authorization: `Bearer ${token}` }), ...(cert && { cert, key }) }
    this.#known = { proof, until }
    return proof
  }
}

const isListOf = (value: unknown, is: (one: unknown) => boolean) =>
  value === undefined || value === null || (Array.isArray(value) && value.every(is))

const isVariable = (one: unknown) => {
  const { name, value } = Object(one ?? {})
  return typeof name === 'string' && name !== '' && typeof value === 'string'
}

function parsed(output: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(output) ?? {})
  } catch {
    return {}
  }
}

/**
 * Returns what a program prints on standard output, and how it failed if it did. Shows what it prints on standard error at
 * once: it may ask a person to log in.
 *
 * @throws Error if it cannot be started
 */
function printed(child: ChildProcess, command: string): Promise<{ output: string; failure?: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ output: string; failure?: string }>()
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.length <= MOST) return
    resolve({ output: '', failure: `printed more than ${MOST} bytes` })
    ended(child)
  })
  showErrors(child, command)
  child.once('error', reject)
  child.once('close', (code, signal) => {
    if (code === 0) resolve({ output })
    else resolve({ output, failure: code === null ? `was ended by ${signal}` : `failed with exit code ${code}` })
  })
  return promise
}

/**
 * Shows what a program prints on standard error. On a terminal at once, since it may ask a person to log in. Elsewhere by
 * whole lines that begin with its name, since a CI system obeys lines that begin like commands.
 */
function showErrors({ stderr }: ChildProcess, command: string): void {
  stderr?.setEncoding('utf8')
  if (process.stderr.isTTY) stderr?.on('data', onTerminal())
  else eachLine(stderr, (line) => process.stderr.write(`${bare(command)}: ${visible(line)}\n`))
}

/** Returns what writes texts to a terminal. Before a new line, it removes the line that tells the progress, which may be there. */
function onTerminal(): (text: string) => void {
  let isNewLine = true
  return (text) => {
    const lines = text.replaceAll('\r\n', '\n').split('\n').map(visible)
    process.stderr.write(`${isNewLine ? '\r\x1b[K' : ''}${lines.join('\n')}`)
    isNewLine = lines.at(-1) === ''
  }
}

/** Calls `show` with each line, of which MOST characters are kept, as soon as it is whole. */
function eachLine(stream: Readable | null, show: (line: string) => void): void {
  let rest = ''
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/)
    rest = (lines.pop() ?? '').slice(0, MOST)
    lines.forEach(show)
  })
  stream?.on('end', () => rest !== '' && show(rest))
}

/** Ends a program that may hang. What it has started may keep its output open. */
function ended(child: ChildProcess): void {
  endChild(child)
  child.stdout?.destroy()
  child.stderr?.destroy()
}
