import path from 'node:path'
import { InvalidArgumentError, type Option } from 'commander'
import { Failure } from '../system/failure.ts'
import { identityOf } from '../system/file-identity.ts'
import { quote } from '../wording/quote.ts'
import { followedByFile } from './completion.ts'
import { outputOption } from './options.ts'
import { print, printTo } from './print.ts'

/** What is written where: the format of each file, and under `undefined` that of standard output. */
export type Outputs<T extends string> = ReadonlyMap<string | undefined, T>

/** The format of the output, as `outputOption`, or several, each `FORMAT=FILE` in a file of its own. */
export function outputsOption<T extends string>(choices: readonly T[], byDefault: T): Option {
  const outputs = new Map<string | undefined, T>()
  const option = followedByFile(outputOption(choices)).default(new Map([[undefined, byDefault]]), byDefault)
  option.description = 'format of the output, or FORMAT=FILE for a report in a file; may be repeated'
  return option.argParser((text: string): Outputs<T> => {
    const [, name, file] = /^([^=]*)(?:=(.+))?$/s.exec(text) ?? []
    const format = choices.find((one) => one === name)
    if (!format) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`)
    const place = file === undefined || file === '-' ? undefined : path.normalize(file)
    if (place !== undefined) refuseSecond(outputs, place, format)
    // On standard output the last one counts.
    outputs.delete(place)
    return outputs.set(place, format)
  })
}

/** @throws Failure if a report in another format already goes to this file, by whatever name or link */
function refuseSecond<T extends string>(outputs: Outputs<T>, file: string, format: T): void {
  for (const [other, itsFormat] of outputs) {
    if (other === undefined || identityOf(other) !== identityOf(file)) continue
    if (other === file && itsFormat === format) continue
    throw new Failure(
      `-o ${itsFormat}=${quote(other)} and -o ${format}=${quote(file)} are one file: write each report to a file of its own`,
    )
  }
}

/**
 * Writes a report to each place, in the format of the place.
 *
 * @param pieces returns the report in a format; without a stream, for a file
 */
export async function printAll<T extends string>(
  outputs: Outputs<T>,
  pieces: (format: T, stream?: NodeJS.WriteStream) => Iterable<string>,
): Promise<void> {
  for (const [file, format] of outputs) {
    if (file === undefined) await print(pieces(format, process.stdout))
    else printTo(file, pieces(format))
  }
}
