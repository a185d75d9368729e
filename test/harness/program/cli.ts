import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'src', 'cli.ts')

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  /** Environment variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** What the program is started by, such as `setpriv` and its arguments; nothing by default. */
  readonly under?: readonly string[]
  /** Ends it with SIGKILL. */
  readonly signal?: AbortSignal
}

/** Runs `refgrant` as a process of its own, and waits until it and all that it started have ended. */
export function refgrant(
  argv: readonly string[],
  { input = '', cwd = '.', env = {}, under = [], signal }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const [program = process.execPath, ...rest] = [...under, process.execPath, PROGRAM, ...argv]
    const options = {
      ...{ cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      ...{ killSignal: 'SIGKILL' as const, ...(signal && { signal }) },
    }
    const child = execFile(program, rest, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.end(input)
  })
}

/** A new folder with these files. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'refgrant-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

/** Gives a file another content, at once: whoever reads it meanwhile reads the one or the other, and no part of either. */
export function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content)
  renameSync(`${file}.new`, file)
}

export const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: checkout
  namespace: shop
spec:
  parentRefs:
    - name: web
  rules:
    - backendRefs:
        - name: cart
          port: 8080
        - name: payments
          namespace: billing
          port: 8080
`

export const GRANT = `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata:
  name: shop
  namespace: billing
spec:
  from:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      namespace: shop
  to:
    - group: ""
      kind: Service
      name: payments
`
