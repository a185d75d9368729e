import type { Argument, Command, Option } from 'commander'

/** A word that may come next, and what it means. */
export interface Candidate {
  readonly word: string
  readonly description?: string
}

/** What the shell adds to the candidates, by the numbers of cobra, which kubectl takes too (cobra, ShellCompDirective). */
export const SHELL = { files: 0, nothing: 4, folders: 16 } as const

/** What the last word of a command line may be. */
export interface Next {
  readonly candidates: readonly Candidate[]
  /** What the user has to look up. */
  readonly lookUp?: 'namespaces' | 'contexts'
  /** What comes before each value: `--output=`, or the former words of a list. */
  readonly prefix: string
  readonly shell: (typeof SHELL)[keyof typeof SHELL]
  /** The values of the options before. */
  readonly given: ReadonlyMap<string, string>
}

/** Words that an option or an argument may be, among others; of an option, several with commas. */
const suggestions = new WeakMap<Option | Argument, readonly string[]>()

/** The options whose values may go to a file, as in `--output sarif=FILE`. */
const withFiles = new WeakSet<Option>()

/** Lets files follow a value of an option and `=`. */
export function followedByFile(option: Option): Option {
  withFiles.add(option)
  return option
}

/** Suggests words for the value of an option or an argument. */
export function suggesting<T extends Option | Argument>(one: T, words: readonly string[]): T {
  suggestions.set(one, words)
  return one
}

/** Returns what the last word of a command line may be. The words are those after the name of the command. */
export function nextOf(command: Command, words: readonly string[]): Next {
  const line = lineOf(command, words.slice(0, -1))
  const last = words.at(-1) ?? ''
  const { open, given } = line
  if (open && line.awaits) return { ...valueNext(open, last), given }
  if (!line.onlyArguments && last.startsWith('-')) return { ...optionNext(command, last), given }
  if (open?.variadic) return { ...valueNext(open, last), given }
  const argument =
    command.registeredArguments[line.taken] ?? command.registeredArguments.findLast((one) => one.variadic)
  return { ...(argument ? argumentNext(argument, line.taken, command) : NOTHING), given }
}

const NOTHING = { candidates: [], prefix: '', shell: SHELL.nothing }

/** A command line before its last word. */
interface Line {
  /** The option before, if it takes more values, or `awaits` its first. */
  readonly open: Option | undefined
  readonly awaits: boolean
  /** Whether `--` ended the options. */
  readonly onlyArguments: boolean
  /** The number of arguments. */
  readonly taken: number
  readonly given: ReadonlyMap<string, string>
}

function lineOf(command: Command, words: readonly string[]): Line {
  let open: Option | undefined
  const line = { awaits: false, onlyArguments: false, taken: 0 }
  const given = new Map<string, string>()
  for (const word of words) {
    if (open && line.awaits) {
      given.set(open.name(), word)
      line.awaits = false
    } else if (line.onlyArguments || !/^-./.test(word)) {
      if (!open?.variadic) line.taken += 1
    } else if (word === '--') {
      open = undefined
      line.onlyArguments = true
    } else {
      const [flag, value] = parted(word)
      open = optionNamed(command, flag)
      if (open && value !== undefined) given.set(open.name(), value)
      line.awaits = open !== undefined && value === undefined
    }
  }
  return { ...line, open, given }
}

/** Parts `--output=json` into the option and its value. */
function parted(word: string): [flag: string, value: string | undefined] {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

/** Returns an option that takes a value. */
function optionNamed(command: Command, flag: string): Option | undefined {
  return command.options.find((one) => (one.required || one.optional) && [one.short, one.long].includes(flag))
}

function optionNext(command: Command, word: string): Omit<Next, 'given'> {
  const [flag, value] = parted(word)
  const option = optionNamed(command, flag)
  if (value !== undefined) {
    if (!option) return NOTHING
    const next = valueNext(option, value)
    return { ...next, prefix: `${flag}=${next.prefix}` }
  }
  const options = command.createHelp().visibleOptions(command)
  return { ...NOTHING, candidates: options.map(({ long, description }) => ({ word: long ?? '', description })) }
}

function valueNext(option: Option, value: string): Omit<Next, 'given'> {
  const words = suggestions.get(option)
  if (words) return listNext(words, value)
  if (withFiles.has(option) && value.includes('=')) return { ...NOTHING, shell: SHELL.files }
  if (option.argChoices) return { ...NOTHING, candidates: listed(option.argChoices) }
  return { ...NOTHING, ...SORTS[placeholder(option.flags)] }
}

/** Returns what may follow in a list with commas: each word once. */
function listNext(words: readonly string[], value: string): Omit<Next, 'given'> {
  const prefix = value.slice(0, value.lastIndexOf(',') + 1)
  const before = prefix.split(',')
  return { ...NOTHING, candidates: listed(words.filter((word) => !before.includes(word))), prefix }
}

/** The word by which the help describes a value: `file` in `--config <file>`. */
const placeholder = (flags: string) => /[<[]([^>\].]+)/.exec(flags)?.[1] ?? ''

/** How the values of options are completed, by the word that describes them in the help. */
const SORTS: Record<string, Pick<Next, 'lookUp'> & Partial<Pick<Next, 'shell'>>> = {
  file: { shell: SHELL.files },
  'file|revision': { shell: SHELL.files },
  path: { shell: SHELL.files },
  dir: { shell: SHELL.folders },
  folder: { shell: SHELL.folders },
  namespace: { lookUp: 'namespaces' },
  context: { lookUp: 'contexts' },
}

function argumentNext(argument: Argument, taken: number, command: Command): Omit<Next, 'given'> {
  const isFirst = argument === command.registeredArguments[taken]
  const words = argument.argChoices ?? suggestions.get(argument)
  if (words) return { ...NOTHING, candidates: isFirst ? listed(words) : [] }
  return { ...NOTHING, ...SORTS[argument.name()] }
}

const listed = (words: readonly string[]): Candidate[] => words.map((word) => ({ word }))
