/** The listeners that wait for a grant of a namespace. */
export class Additions {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** Calls the listener after each addition in the namespace, until the returned function is called. */
  follow(namespace: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(namespace) ?? new Set()
    this.#listeners.set(namespace, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(namespace) === listeners) this.#listeners.delete(namespace)
    }
  }

  /** Records that a grant of the namespace was added or changed. */
  added(namespace: string): void {
    for (const listener of this.#listeners.get(namespace) ?? []) listener()
  }
}
