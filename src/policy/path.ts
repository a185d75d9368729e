import { LONGEST_NAME } from './names.ts'

/** Whether a text has only the characters of groups, kinds and most fields, so that it needs no quotes. */
export function isPlain(text: string): boolean {
  return /^[-.a-zA-Z0-9]{1,253}$/.test(text)
}

/** Returns a field's name as a step of a path: as JSON if it is not plain. */
export function step(field: string): string {
  return isPlain(field) ? field : JSON.stringify(field.slice(0, LONGEST_NAME))
}
