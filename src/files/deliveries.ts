import { existsSync } from 'node:fs'
import path from 'node:path'
import { NAMESPACE } from '../policy/names.ts'
import type { FileObject } from './object-files.ts'
import { text } from './object-name.ts'

/** A folder of a git repository that an object of Flux or Argo CD applies. */
export interface Delivery {
  readonly by: FileObject
  readonly tool: 'Flux' | 'Argo CD'
  /** From the root of the repository. */
  readonly folder: string
  /** The namespace that it sets; empty if it does not set one. */
  readonly namespace: string
  /** The field with the namespace. */
  readonly field: string
  /** The address of the repository: undefined if the files do not tell, empty if the source is not a git repository. */
  readonly url: string | undefined
  /** Whether the namespace is a name, and the tool reads the files of the folder as they are. */
  readonly isPlain: boolean
  /** Whether it applies the files of subfolders. */
  readonly isDeep: boolean
}

type Fields = Record<string, unknown>

const FLUX = 'kustomize.toolkit.fluxcd.io'
const GIT = 'GitRepository'
const ARGO_CD = 'argoproj.io'

/** The settings with which Argo CD renders a source. */
const RENDERED = ['helm', 'kustomize', 'plugin', 'chart']

/** What a patch of the namespace mentions: the field, or the kind of the object. */
const EDITED = {
  Flux: { field: 'targetNamespace', kind: 'Kustomization' },
  'Argo CD': { field: 'destination', kind: 'Application' },
} as const

/** Whether an edit may change the namespace: it holds the field, or names a file for objects of this kind. */
function mayEdit(edit: string, tool: Delivery['tool']): boolean {
  const { field, kind } = EDITED[tool]
  return edit.includes(field) || (edit.includes('"path":') && edit.includes(kind))
}

/**
 * Returns what the objects of Flux and Argo CD among objects apply.
 *
 * @param edits the JSON of the patches and replacements of kustomizations
 */
export function deliveriesAmong(objects: readonly FileObject[], edits: readonly string[]): Delivery[] {
  const keyOf = ({ name }: FileObject) => JSON.stringify([name.group, name.kind, name.namespace, name.name])
  const patched = new Set(objects.filter(({ patchOf }) => patchOf !== undefined).map(keyOf))
  const urls = repositoriesAmong(objects)
  const found = objects.flatMap((one) => {
    if (isOfFlux(one)) return [ofFlux(one, urls)]
    return one.name.group === ARGO_CD && one.name.kind === 'Application' ? ofArgoCd(one) : []
  })
  const all = [...edits, ...objects.filter(isOfFlux).flatMap(editsOf)]
  const isEdited = (tool: Delivery['tool']) => all.some((edit) => mayEdit(edit, tool))
  const edited = { Flux: isEdited('Flux'), 'Argo CD': isEdited('Argo CD') }
  return found.map((one) => ({ ...one, isPlain: one.isPlain && !edited[one.tool] && !patched.has(keyOf(one.by)) }))
}

const isOfFlux = ({ name }: FileObject) => name.group === FLUX && name.kind === 'Kustomization'

/** Returns the JSON of each patch with which a Kustomization of Flux changes its objects. */
function editsOf({ object }: FileObject): string[] {
  const { patches } = fields(object.spec)
  return Array.isArray(patches) ? patches.map((one) => JSON.stringify(one)) : []
}

/** Returns the address of each GitRepository of Flux by its namespace and name. */
function repositoriesAmong(objects: readonly FileObject[]): Map<string, string> {
  const found = objects.filter(({ name }) => name.group === 'source.toolkit.fluxcd.io' && name.kind === GIT)
  return new Map(
    found.map(({ name, object }) => [`${name.namespace}/${name.name}`, text(fields(object.spec).url)] as const),
  )
}

/** Source: fluxcd/pkg, kustomize/kustomize_generator.go. */
function ofFlux(by: FileObject, urls: ReadonlyMap<string, string>): Delivery {
  const spec = fields(by.object.spec)
  const { kind, name, namespace = by.name.namespace } = fields(spec.sourceRef)
  const target = text(spec.targetNamespace)
  return {
    by,
    tool: 'Flux',
    folder: text(spec.path),
    namespace: target,
    field: 'spec.targetNamespace',
    url: kind === GIT ? urls.get(`${namespace}/${name}`) : '',
    isPlain: isNamespace(target),
    isDeep: true,
  }
}

/** Source: argoproj/argo-cd, reposerver/repository/repository.go and controller/state.go. */
function ofArgoCd(by: FileObject): Delivery[] {
  const spec = fields(by.object.spec)
  const namespace = text(fields(spec.destination).namespace)
  const sources = Array.isArray(spec.sources) ? spec.sources : [spec.source]
  return sources.map(fields).flatMap((source) => {
    if (typeof source.path !== 'string') return []
    const { recurse, include, exclude } = fields(source.directory)
    const isDirectory = ![include, exclude, ...RENDERED.map((one) => source[one])].some(Boolean)
    return {
      by,
      tool: 'Argo CD',
      folder: source.path,
      namespace,
      field: 'spec.destination.namespace',
      url: text(source.repoURL),
      isPlain: isNamespace(namespace) && isDirectory,
      isDeep: recurse === true,
    }
  })
}

const isNamespace = (namespace: string) => namespace === '' || NAMESPACE.test(namespace)

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Returns whether a tool reads files of this name. */
export function isDelivered(file: string, tool: Delivery['tool']): boolean {
  return tool === 'Flux' ? /\.ya?ml$/.test(file) : /\.(ya?ml|json)$/.test(file)
}

/** Returns the namespace that an ApplicationSet of Argo CD sets in its Applications, and its field. */
export function namespaceOfSet({ name, object }: FileObject): { namespace: string; field: string } | undefined {
  if (name.group !== ARGO_CD || name.kind !== 'ApplicationSet') return undefined
  const template = fields(fields(object.spec).template)
  const namespace = text(fields(fields(template.spec).destination).namespace)
  return namespace === '' ? undefined : { namespace, field: 'spec.template.spec.destination.namespace' }
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
