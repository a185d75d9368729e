import type { TestContext } from 'node:test'

/** Sets environment variables for one test; undefined unsets. */
export function environment(t: Pick<TestContext, 'after'>, variables: Record<string, string | undefined>): void {
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    t.after(() => set(name, before))
    set(name, value)
  }
}
