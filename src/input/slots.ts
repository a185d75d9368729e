import path from 'node:path'
import { type Delivery, isDelivered } from '../files/deliveries.ts'
import { isRendered } from '../files/kustomize.ts'
import type { FileObject } from '../files/object-files.ts'
import { STDIN } from '../files/text.ts'

/** What one tool applies of a folder, by one or more deliveries that read the same files. */
export interface Slot {
  readonly tool: Delivery['tool']
  /** Whether the files of subfolders are applied, too. */
  readonly isDeep: boolean
  /** The first delivery, and the first one with another namespace. */
  readonly first: Delivery[]
  /** How many deliveries there are. */
  count: number
  /** Whether the files are rendered, or the namespace is unknown, so that any file below the folder may be concerned. */
  isUnknown: boolean
  /** Whether one of the files that were read is concerned. */
  hasFiles: boolean
  /** Whether an object that is checked has its namespace from here. */
  isApplied: boolean
  /** The deliveries that apply one of its files, if they do so in different ways. */
  rivals: readonly Delivery[]
}

/** The folders that Flux and Argo CD apply. The work is in proportion to the files, whatever the number of deliveries. */
export class Slots {
  readonly #folders = new Map<string, Slot[]>()
  readonly #slots = new Map<Delivery, Slot>()
  readonly #rendered = new Map<string, boolean>()
  readonly #certain = new Map<string, Slot | undefined>()

  /** @param places the whole path of the folder of each delivery */
  constructor(places: ReadonlyMap<Delivery, string>) {
    for (const [one, folder] of places) {
      const slots = this.#folders.get(folder) ?? []
      this.#folders.set(folder, slots)
      const same = slots.find(({ tool, isDeep }) => tool === one.tool && isDeep === one.isDeep)
      const slot = same ?? emptySlot(one)
      if (!same) slots.push(slot)
      if (slot.first.length < 2 && slot.first[0]?.namespace !== one.namespace) slot.first.push(one)
      slot.count += 1
      slot.isUnknown ||= !one.isPlain || this.#isRendered(folder)
      this.#slots.set(one, slot)
    }
  }

  /** Returns the slot of a delivery; undefined if its source is not known to be this repository. */
  of(one: Delivery): Slot | undefined {
    return this.#slots.get(one)
  }

  /** Looks at the folders of what was read, before objects are placed. */
  look(read: readonly { readonly file: string }[]): void {
    for (const folder of new Set(read.map(({ file }) => path.dirname(path.resolve(file))))) {
      let rendered = false
      for (const [above, slots] of this.#above(folder)) {
        rendered ||= this.#isRendered(above)
        for (const slot of slots) slot.isUnknown ||= rendered && slot.isDeep
      }
    }
  }

  /** Returns an object with the namespace that a delivery sets for it, if that is certain. */
  placed(one: FileObject, isChecked: (object: FileObject) => boolean): FileObject {
    const slot = one.file === STDIN ? undefined : this.#certainFor(one.file)
    const namespace = slot?.first[0]?.namespace
    if (!slot || !namespace || (slot.tool === 'Argo CD' && one.hasNamespace)) return one
    slot.isApplied ||= isChecked(one) && !(one.hasNamespace && one.name.namespace === namespace)
    return { ...one, name: { ...one.name, namespace }, hasNamespace: true }
  }

  /** Returns the slot of a file, if all that concern it agree. */
  #certainFor(file: string): Slot | undefined {
    if (this.#certain.has(file)) return this.#certain.get(file)
    const folder = path.dirname(path.resolve(file))
    const slots = this.#above(folder).flatMap(([above, some]) =>
      some.filter((slot) => slot.isUnknown || ((slot.isDeep || above === folder) && isDelivered(file, slot.tool))),
    )
    const deliveries = slots.flatMap(({ first }) => first)
    const agree = deliveries.every((one) => isSame(one, deliveries[0]))
    for (const slot of slots) {
      slot.hasFiles = true
      if (!agree) slot.rivals = deliveries
    }
    const certain = agree && !slots.some(({ isUnknown }) => isUnknown) ? slots[0] : undefined
    this.#certain.set(file, certain)
    return certain
  }

  /** Returns a folder and those above it, the nearest first, with their slots. */
  #above(folder: string): [folder: string, slots: readonly Slot[]][] {
    const above = path.dirname(folder)
    const here: [string, readonly Slot[]] = [folder, this.#folders.get(folder) ?? []]
    return above === folder ? [here] : [here, ...this.#above(above)]
  }

  #isRendered(folder: string): boolean {
    const known = this.#rendered.get(folder) ?? isRendered(folder)
    this.#rendered.set(folder, known)
    return known
  }
}

/** Whether two deliveries of a file give its objects the same namespaces. */
export function isSame(one: Delivery, other: Delivery | undefined): boolean {
  return one.tool === other?.tool && one.namespace === other.namespace
}

function emptySlot({ tool, isDeep }: Delivery): Slot {
  return { tool, isDeep, first: [], count: 0, isUnknown: false, hasFiles: false, isApplied: false, rivals: [] }
}
