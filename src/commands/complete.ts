import type { Command } from 'commander'
import { type Candidate, type Next, nextOf, SHELL } from '../terminal/completion.ts'
import { print } from '../terminal/print.ts'

/** The commands: what the help says of each, and what makes it. */
export type Commands = Readonly<Record<string, { readonly does: string; readonly build: () => Promise<Command> }>>

const HELP = 'help'

/**
 * Prints what the last word of a command line may be, as `kubectl __complete` does: a word a line, after a tab its description,
 * and at the end `:` and what the shell adds.
 */
export async function complete(words: readonly string[], program: Command, commands: Commands): Promise<void> {
  const last = words.at(-1) ?? ''
  const next = await nextWord(words, program, commands)
  if (!next) return print([`:${SHELL.nothing}\n`])
  const looked = next.lookUp ? await lookedUp(next.lookUp, next.given) : []
  const candidates = [...next.candidates, ...looked.map((word): Candidate => ({ word }))]
    .map((one) => ({ ...one, word: `${next.prefix}${one.word}` }))
    .filter(({ word }) => word.startsWith(last))
  const lines = candidates.map(({ word, description }) => (description ? `${word}\t${description}\n` : `${word}\n`))
  await print([...lines, `:${next.shell}\n`])
}

async function nextWord(words: readonly string[], program: Command, commands: Commands): Promise<Next | undefined> {
  const [name = '', ...others] = words
  if (others.length === 0 && name.startsWith('-')) return nextOf(program, [name])
  const listed = Object.entries(commands).map(([word, { does }]) => ({ word, description: does }))
  const names = { candidates: listed, prefix: '', shell: SHELL.nothing, given: new Map<string, string>() }
  if (name === HELP && others.length > 0) return others.length === 1 ? names : undefined
  if (others.length === 0)
    return { ...names, candidates: [...listed, { word: HELP, description: 'describe a command' }] }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  return command && nextOf(await command.build(), others)
}

/** Imported only here: the import of the client takes longer than the other candidates. */
async function lookedUp(what: 'namespaces' | 'contexts', given: Next['given']): Promise<readonly string[]> {
  const { contextsFor, namespacesFor } = await import('../input/suggestions.ts')
  const [kubeconfig, context] = [given.get('kubeconfig'), given.get('context')]
  return what === 'contexts' ? contextsFor({ kubeconfig }) : namespacesFor({ kubeconfig, context })
}
