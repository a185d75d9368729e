import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ObjectDocument } from '../yaml/objects.ts'

/** A kustomization: an input of Kustomize, which is not a Kubernetes object. */
export interface Kustomization {
  readonly file: string
  /** The namespace that the kustomization sets for its objects, if it does. */
  readonly namespace: string | undefined
  /** Files that it merges into objects of other files. */
  readonly patches: readonly string[]
  /** Files and folders of its objects. */
  readonly resources: readonly string[]
}

const FILES = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])

/** Returns the kustomization of a folder; undefined if Kustomize cannot render the folder. */
export function kustomizationIn(folder: string): string | undefined {
  return [...FILES].map((name) => path.join(folder, name)).find((file) => existsSync(file))
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
  const paths = listed.map((one) => (typeof one === 'string' ? one : (one as { path?: unknown } | null)?.path))
  // Text that is not a path is an inline patch.
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

/** The namespace that an object of a delivery tool sets for the objects of a folder. */
export interface Delivery {
  readonly tool: 'Flux' | 'Argo CD'
  readonly namespace: string
  /** From the root of the repository. */
  readonly folder: string
  /** The field with the namespace. */
  readonly field: string
}

/** Returns the delivery of an object of Flux or Argo CD that sets a namespace; undefined for other objects. */
export function deliveryOf({ object }: ObjectDocument): Delivery | undefined {
  const spec = (object.spec ?? {}) as Record<string, Record<string, unknown> | undefined>
  const group = String(object.apiVersion).split('/')[0]
  if (object.kind === 'Kustomization' && group === 'kustomize.toolkit.fluxcd.io')
    return delivery('Flux', spec.targetNamespace, spec.path ?? '.', 'spec.targetNamespace')
  if (object.kind === 'Application' && group === 'argoproj.io')
    return delivery('Argo CD', spec.destination?.namespace, spec.source?.path, 'spec.destination.namespace')
  return undefined
}

function delivery(tool: Delivery['tool'], namespace: unknown, folder: unknown, field: string): Delivery | undefined {
  return typeof namespace === 'string' && typeof folder === 'string' ? { tool, namespace, folder, field } : undefined
}

/**
 * Returns a folder that a file names from the root of its repository, as a path that works where the command runs. The root
 * may be the path that was asked for, or one of the folders that lead to the file, the outermost first.
 */
export function foundFrom(folder: string, { file, asked }: { file: string; asked: string }): string | undefined {
  const steps = path.dirname(file).split(path.sep)
  const above = steps.map((_, index) => steps.slice(0, index + 1).join(path.sep) || path.sep)
  const roots = [asked, ...(path.isAbsolute(file) ? [] : ['.']), ...above]
  // With a separator at its end, a path exists only if it is a folder.
  return roots.map((root) => path.join(root, folder)).find((found) => existsSync(path.join(found, path.sep)))
}
