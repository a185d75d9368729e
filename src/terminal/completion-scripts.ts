import { EXECUTABLE } from '../system/program.ts'

const FUNCTION = `_${EXECUTABLE.replaceAll('-', '_')}`

/** Bash divides words at = and :, which are joined again, and replaces only what follows the last of them. */
const BASH = `# Completion of ${EXECUTABLE} for bash.
${FUNCTION}() {
  local rest=\${COMP_LINE:0:COMP_POINT} words=() last=-1 i word trimmed
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    trimmed=\${rest#"\${rest%%[![:space:]]*}"}
    [[ $trimmed == "$word"* ]] || word=$trimmed
    if ((last >= 0)) && [[ $trimmed == "$rest" ]]; then
      words[last]+=$word
    else
      last=$((last + 1))
      words[last]=$word
    fi
    rest=\${trimmed#"$word"}
  done
  local current=\${words[last]} lines line directive
  lines=$(${EXECUTABLE} __complete "\${words[@]:1}" 2> /dev/null) || return
  directive=\${lines##*:}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    line=\${line#"\${current%"\${current##*[=:]}"}"}
    [[ $line != *[!a-zA-Z0-9_./:=,@%+-]* ]] || printf -v line %q "$line"
    [[ -z $line ]] || COMPREPLY+=("$line")
  done <<< "\${lines%:*}"
  # Bash 3 has no compopt, and completes files everywhere.
  if ((directive & 16)); then
    compopt +o default -o dirnames 2> /dev/null
  elif ((directive & 4)); then
    compopt +o default 2> /dev/null
  fi
}
complete -o default -F ${FUNCTION} ${EXECUTABLE}
`

const ZSH = `#compdef ${EXECUTABLE}
# Completion of ${EXECUTABLE} for zsh.
${FUNCTION}() {
  local -a lines candidates
  local line word directive
  lines=("\${(@f)$(${EXECUTABLE} __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2> /dev/null)}")
  directive=\${lines[-1]#:}
  for line in "\${(@)lines[1,-2]}"; do
    word=\${line%%$'\\t'*}
    line=\${line#$word}
    candidates+=("\${word//:/\\\\:}\${line:+:\${line#$'\\t'}}")
  done
  (( $#candidates )) && _describe 'completions' candidates
  (( directive & 4 )) && return
  [[ $PREFIX != --*=* && $words[CURRENT-1] != (-o|--output) ]] || compset -P '*='
  if (( directive & 16 )); then
    _files -/
  else
    _files
  fi
}
compdef ${FUNCTION} ${EXECUTABLE}
if [[ $funcstack[1] == ${FUNCTION} ]]; then ${FUNCTION}; fi
`

const FISH = `# Completion of ${EXECUTABLE} for fish.
function _${FUNCTION}
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    set -e words[1]
    set -l lines (${EXECUTABLE} __complete $words "$current" 2> /dev/null)
    or return
    set -l directive $lines[-1]
    set -e lines[-1]
    for line in $lines
        echo $line
    end
    set -l option (string match -r -- '^--(?:output=[a-z]+|[a-z-]+)=' "$current")
    contains -- "$words[-1]" -o --output; and set option (string match -r -- '^[a-z]+=' "$current")
    set -l path (string replace -- "$option" '' "$current")
    switch $directive
        case ':0'
            for one in (__fish_complete_path "$path")
                echo "$option$one"
            end
        case ':16'
            for one in (__fish_complete_directories "$path")
                echo "$option$one"
            end
    end
end
complete -c ${EXECUTABLE} -f -a '(_${FUNCTION})'
`

/** kubectl runs a file with this content and the name kubectl_complete-refgrant. */
const KUBECTL = `#!/bin/sh
# Completion of kubectl refgrant.
exec kubectl-refgrant __complete "$@"
`

/** What completes the command line in each shell, and in kubectl, which asks its plugins. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL }
