import type { Command } from 'commander'
import { type Candidate, type Next, nextOf, SHELL } from '../terminal/completion.ts'
import { print } from '../terminal/print.ts'

/** What makes each command. */
type Builders = Readonly<Record<string, () => Promise<Command>>>

/**
 * Prints what the last word of a command line may be, as `kubectl __complete` does: a word a line, after a tab its description,
 * and at the end `:` and what the shell adds.
 */
export async function complete(words: readonly string[], program: Command, builders: Builders): Promise<void> {
  const [name = '', ...others] = words
  const last = words.at(-1) ?? ''
  const next = others.length === 0 ? await firstWord(last, program, builders) : await laterWord(name, others, builders)
  if (!next) return print([`:${SHELL.nothing}\n`])
  const looked = next.lookUp ? await lookedUp(next.lookUp, next.given) : []
  const candidates = [...next.candidates, ...looked.map((word): Candidate => ({ word }))]
    .map((one) => ({ ...one, word: `${next.prefix}${one.word}` }))
    .filter(({ word }) => word.startsWith(last))
  const lines = candidates.map(({ word, description }) => (description ? `${word}\t${description}\n` : `${word}\n`))
  await print([...lines, `:${next.shell}\n`])
}

async function firstWord(word: string, program: Command, builders: Builders): Promise<Next> {
  if (word.startsWith('-')) return nextOf(program, [word])
  const commands = await Promise.all(Object.values(builders).map((build) => build()))
  const candidates = commands.map((one) => ({ word: one.name(), description: one.description() }))
  return { candidates, prefix: '', shell: SHELL.nothing, given: new Map() }
}

async function laterWord(name: string, words: readonly string[], builders: Builders): Promise<Next | undefined> {
  const build = Object.hasOwn(builders, name) ? builders[name] : undefined
  return build && nextOf(await build(), words)
}

/** Imported only here: the import of the client takes longer than the other candidates. */
async function lookedUp(what: 'namespaces' | 'contexts', given: Next['given']): Promise<readonly string[]> {
  const { contextsFor, namespacesFor } = await import('../input/suggestions.ts')
  const [kubeconfig, context] = [given.get('kubeconfig'), given.get('context')]
  return what === 'contexts' ? contextsFor({ kubeconfig }) : namespacesFor({ kubeconfig, context })
}
