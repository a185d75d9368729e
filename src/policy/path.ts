import { LONGEST_NAME } from './names.ts'

/** Whether a text is an ordinary name, as groups, kinds and most fields are. */
export function isPlain(text: string): boolean {
  return /^[-.a-zA-Z0-9]{1,253}$/.test(text)
}

/** A field's name as a step of a path: as JSON where it is not an ordinary one. */
export function step(field: string): string {
  return isPlain(field) ? field : JSON.stringify(field.slice(0, LONGEST_NAME))
}
