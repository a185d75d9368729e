import { Option } from 'commander'
import { TOOLS } from '../policy/apply-order.ts'
import { FAIL_ON_WORDS, type FailOn, failOnOf } from '../policy/fail-on.ts'
import { suggesting } from './completion.ts'
import { listed, refuseNoneBeside } from './lists.ts'
import { once } from './options.ts'

export const orderOption = () =>
  new Option(
    '--order <tool>',
    'also find references that the webhook refuses at the first installation, since this tool applies their grant later',
  ).choices(TOOLS)

export const baselineOption = () =>
  new Option(
    '--baseline <file|revision>',
    'report of check -o json, or revision of the git repository, with which the findings are compared',
  ).argParser(once('--baseline takes one report or revision: leave the other out'))

export const failOnOption = () => {
  let words: string[] = []
  const option = new Option(
    '--fail-on <what>',
    'what makes the exit code 1: error, warning (and errors), note (all), none, a code such as not-permitted, and new (only what the baseline does not have); several with commas',
  )
  return suggesting(option, FAIL_ON_WORDS)
    .default(failOnOf([]), 'error')
    .argParser((text: string): FailOn => {
      words = [...words, ...listed(text, FAIL_ON_WORDS, 'error, warning, note, none, new, or codes of findings')]
      refuseNoneBeside(words)
      return failOnOf(words)
    })
}
