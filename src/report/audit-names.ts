import { type AuditReport, type AuditText, isRefused } from './audit.ts'
import { namesText } from './names.ts'

/** Prints the names of the objects with a reference that no grant permits; of the unused and the broad grants, if only these are asked for. */
export function auditNames({ survey, excess }: AuditReport, only: AuditText['only']): Generator<string> {
  if (only.size === 0) return namesText(survey.references.filter(isRefused).map(({ reference }) => reference.from))
  const broad = excess.broad.map(({ grant }) => grant)
  return namesText([...(only.has('unused') ? survey.unused : []), ...(only.has('broad') ? broad : [])])
}
