import path from 'node:path'
import type { ObjectDocument } from './objects.ts'

/** A kustomization: the input of Kustomize, and not a Kubernetes object. */
export interface Kustomization {
  readonly file: string
  /** The namespace that it gives its objects, if it gives one. */
  readonly namespace: string | undefined
  /** Files that it merges into objects of other files. */
  readonly patches: readonly string[]
  /** Files and folders of its objects. */
  readonly resources: readonly string[]
}

const FILES = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])

/** The kustomization that a document is, by its file's name or its kind; undefined for others. */
export function kustomizationOf(value: unknown, file: string): Kustomization | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { apiVersion, namespace, ...rest } = value as Record<string, unknown>
  const isOne = typeof apiVersion === 'string' && apiVersion.startsWith('kustomize.config.k8s.io/')
  if (!isOne && (apiVersion !== undefined || !FILES.has(path.basename(file)))) return undefined
  const listed = [rest.patches, rest.patchesStrategicMerge, rest.patchesJson6902].flatMap((list) =>
    Array.isArray(list) ? list : [],
  )
  const paths = listed.map((one) => (typeof one === 'string' ? one : (one as { path?: unknown } | null)?.path))
  // What is no path is a patch that is written there.
  const patches = paths.filter((one): one is string => typeof one === 'string' && !one.includes('\n'))
  const resources = Array.isArray(rest.resources) ? rest.resources : []
  const pathOf = (one: string) => path.join(path.dirname(file), one)
  return {
    file,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    patches: patches.map(pathOf),
    resources: resources.filter((one) => typeof one === 'string').map(pathOf),
  }
}

/** The namespace that Flux gives what it applies, if an object of Flux says so. */
export function targetNamespaceOf({ object }: ObjectDocument): { namespace: string; folder: string } | undefined {
  const { apiVersion, kind, spec } = object
  if (kind !== 'Kustomization' || !String(apiVersion).startsWith('kustomize.toolkit.fluxcd.io/')) return undefined
  const { targetNamespace, path: folder } = (spec ?? {}) as Record<string, unknown>
  if (typeof targetNamespace !== 'string') return undefined
  return { namespace: targetNamespace, folder: typeof folder === 'string' ? folder : '.' }
}
