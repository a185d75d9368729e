import { existsSync } from 'node:fs'
import path from 'node:path'

/** A kustomization: an input of Kustomize, which is not a Kubernetes object. */
export interface Kustomization {
  readonly file: string
  /** The namespace that the kustomization sets for its objects, if it does. */
  readonly namespace: string | undefined
  /** Files that it merges into objects of other files. */
  readonly patches: readonly string[]
  /** The JSON of each patch and replacement that it lists. */
  readonly edits: readonly string[]
  /** Files and folders of its objects. */
  readonly resources: readonly string[]
}

const FILES = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])

/** Returns the kustomization of a folder; undefined if Kustomize cannot render the folder. */
export function kustomizationIn(folder: string): string | undefined {
  return [...FILES].map((name) => path.join(folder, name)).find((file) => existsSync(file))
}

/** Returns whether a folder is rendered before it is applied, with Kustomize or Helm. */
export function isRendered(folder: string): boolean {
  return kustomizationIn(folder) !== undefined || existsSync(path.join(folder, 'Chart.yaml'))
}

/** Returns the kustomization in a document, by the file's name or the kind; undefined for other documents. */
export function kustomizationOf(value: unknown, file: string): Kustomization | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { apiVersion, namespace, ...rest } = value as Record<string, unknown>
  const isOne = typeof apiVersion === 'string' && apiVersion.startsWith('kustomize.config.k8s.io/')
  if (!isOne && (apiVersion !== undefined || !FILES.has(path.basename(file)))) return undefined
  const listed = [rest.patches, rest.patchesStrategicMerge, rest.patchesJson6902].flatMap((list) =>
    Array.isArray(list) ? list : [],
  )
  const replacements = Array.isArray(rest.replacements) ? rest.replacements : []
  const paths = listed.map((one) => (typeof one === 'string' ? one : (one as { path?: unknown } | null)?.path))
  // Text that is not a path is an inline patch.
  const patches = paths.filter((one): one is string => typeof one === 'string' && !one.includes('\n'))
  const resources = Array.isArray(rest.resources) ? rest.resources : []
  const pathOf = (one: string) => path.join(path.dirname(file), one)
  return {
    file,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    patches: patches.map(pathOf),
    edits: [...listed, ...replacements].map((one) => JSON.stringify(one)),
    resources: resources.filter((one) => typeof one === 'string').map(pathOf),
  }
}
