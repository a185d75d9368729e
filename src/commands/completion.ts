import { Argument, Command } from 'commander'
import { EXECUTABLE, PROGRAM } from '../system/program.ts'
import { SCRIPTS } from '../terminal/completion-scripts.ts'
import { print } from '../terminal/print.ts'

const AFTER = `
To use it:
  bash     add to ~/.bashrc: source <(${PROGRAM} completion bash)
  zsh      add to ~/.zshrc, after compinit: source <(${PROGRAM} completion zsh)
  fish     ${PROGRAM} completion fish > ~/.config/fish/completions/${EXECUTABLE}.fish
  kubectl  write it to a file kubectl_complete-refgrant in a folder of PATH, and make it executable

kubectl runs that file to complete what follows kubectl refgrant.`

/** `refgrant completion`: prints what a shell needs to complete the command line. */
export function completionCommand(): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'the shell, or kubectl').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', AFTER)
    .action((shell: keyof typeof SCRIPTS) => print([SCRIPTS[shell]]))
}
