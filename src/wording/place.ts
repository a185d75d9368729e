import { bare } from './quote.ts'

/** Returns a line of a file: `route.yaml:13`. */
export function placeTitle({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${bare(file)}:${line}`
}
