import type { CommanderError } from 'commander'
import { nearestWord } from '../policy/distance.ts'
import { PROGRAM } from '../system/program.ts'
import { visible } from '../wording/quote.ts'

/**
 * The messages of commander about wrong usage, without `error: ` and the suggestion, and refgrant's sentences for them.
 * Source: commander/lib/command.js.
 */
const REWORDED: readonly (readonly [said: RegExp, sentence: string])[] = [
  [/^unknown (option|command) (.*)$/s, 'unknown $1 $2'],
  [/^missing required (argument '.*')$/s, '$1 is missing: write it after the command'],
  [/^(option .*) argument missing$/s, '$1 needs a value: write it after the option'],
  [/^(option .* cannot be used with .*)$/s, '$1: leave one of them out'],
  [/^too many arguments for (.*)\. Expected 0 .*?: (.*)\.$/s, '$1 does not take an argument: leave out $2'],
  [/^too many arguments for (.*)\. Expected 1 .*?: (.*)\.$/s, '$1 takes one argument: leave out all but one of $2'],
  [/^(option .*) argument ('.*') is invalid\. (.*)$/s, '$1 cannot be $2: it must be $3'],
  [
    /^(option .*) value ('.*') from env '(\w+)' is invalid\. (.*)$/s,
    '$1 cannot be $2, the value of the environment variable $3: it must be $4',
  ],
  [/^command-argument value ('.*') is invalid for (argument .*?)\. (.*)$/s, '$2 cannot be $1: it must be $3'],
  [/: it must be Allowed choices are (.*)\.$/s, ': it must be one of $1'],
]

/**
 * Rewords a message of commander about wrong usage as a sentence that says what to do.
 *
 * @param command the command on the command line; '' if the user did not name a command
 */
export function usageSentence({ message }: CommanderError, command: string): string {
  const [, said = '', suggestion] = /^error: (.*?)(?:\n\(Did you mean (.*)\?\))?\n*$/s.exec(message) ?? []
  const sentence = visible(REWORDED.reduce((text, [pattern, words]) => text.replace(pattern, words), said))
  const help = `See: ${PROGRAM} ${command && `${command} `}--help`
  const meant = suggestion ?? choiceMeant(sentence)
  return meant === undefined ? `${sentence}. ${help}` : `${sentence}: did you mean ${meant}? ${help}`
}

/** Returns the choice that a wrong value probably stands for. */
function choiceMeant(sentence: string): string | undefined {
  const [, value = '', choices = ''] = /cannot be '([^']*)'.*: it must be one of (.*)$/.exec(sentence) ?? []
  return nearestWord(value.replace(/=.*/, ''), choices.split(', '))
}

/** Returns the end of an error about a wrong word, as commander ends its own: the word that is probably meant. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearestWord(word, known)
  return meant === undefined ? '' : `\n(Did you mean ${meant}?)`
}
