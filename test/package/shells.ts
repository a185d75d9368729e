import { readFileSync } from 'node:fs'
import path from 'node:path'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'
import { shellsRoot } from '../node/root.ts'

/** A shell that completes command lines: returns for each line the words that it then has. */
export type Shell = (lines: readonly string[], where: Where) => Promise<string[][]>

/** Where a shell runs: the folder, and the environment. */
interface Where {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** What starts a program of the root of the shells, whose libraries are not those of this machine. */
function startOf(root: string, program: string): string[] {
  return [
    path.join(root, 'lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    path.join(root, 'usr/lib/x86_64-linux-gnu'),
    path.join(root, 'usr/bin', program),
  ]
}

/** Bash, and bash with the package bash-completion. */
export const bash: Shell = (lines, where) => inBash('', lines, where)
export const bashCompletion: Shell = async (lines, where) =>
  inBash(`source ${await shellsRoot()}/usr/share/bash-completion/bash_completion`, lines, where)

function inBash(first: string, lines: readonly string[], where: Where): Promise<string[][]> {
  const rc = path.join(folderWith({ rc: `${first}\nsource <(refgrant completion bash)\n${SHOW}` }), 'rc')
  return typed(['bash', '--noprofile', '--rcfile', rc, '-i'], lines, where)
}

export const zsh: Shell = async (lines, where) => {
  const root = await shellsRoot()
  const functions = `${root}/usr/share/zsh/functions`
  const folder = folderWith({
    '.zshrc': `
module_path=(${root}/usr/lib/x86_64-linux-gnu/zsh/*(/))
fpath=(${functions} ${functions}/**/*(/))
autoload -Uz compinit && compinit -u -D
source <(refgrant completion zsh)
bindkey -e
zle -C all-matches complete-word _generic
bindkey '\\e*' all-matches
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
${SHOW}`,
  })
  return typed([...startOf(root, 'zsh'), '-d', '-i'], lines, { ...where, env: { ...where.env, ZDOTDIR: folder } })
}

/** fish prints what it would offer, without a terminal. */
export const fish: Shell = async (lines, where) => {
  const root = await shellsRoot()
  const asked = lines.map((line) => `complete -C '${line}'\necho END`)
  const script = `
set fish_function_path ${root}/usr/share/fish/functions
refgrant completion fish | source
${asked.join('\n')}`
  const [program = '', ...argv] = [...startOf(root, 'fish'), '--no-config', '-c', script]
  const env = { ...where.env, HOME: folderWith({}) }
  const { stdout } = await run(program, argv, { ...where, env })
  const answers = stdout.split('END\n').slice(0, -1)
  return answers.map((answer, at) => {
    const offered = answer.split('\n').filter((line) => line !== '')
    const before = lines[at]?.split(' ').slice(0, -1) ?? []
    return [...before, ...offered.map((line) => line.replace(/\t.*/, '').replace(/\/$/, ''))]
  })
}

/** Writes the words of a line to a file, in place of running them. */
const SHOW = 'show() { printf "%s\\t" "$@" >> "$SHOWN"; echo >> "$SHOWN"; }\n'

/** Types lines into an interactive shell, lets it insert all completions of each (Alt-*), and returns the words. */
async function typed(shell: readonly string[], lines: readonly string[], { cwd, env }: Where): Promise<string[][]> {
  const shown = path.join(folderWith({ shown: '' }), 'shown')
  // Ctrl-A and Ctrl-E go to the ends of the line. None of these keys means anything to a terminal between two lines.
  const keys = lines.map((line) => `${line}\x1b*\x01show \x05\r`).join('')
  const argv = ['-qec', shell.join(' '), '/dev/null']
  await run('script', argv, { cwd, env: { ...env, SHOWN: shown, TERM: 'xterm' }, input: `${keys}exit\r` })
  const words = readFileSync(shown, 'utf8').split('\n').slice(0, -1)
  return words.map((line) => line.replace(/\t$/, '').split('\t'))
}
