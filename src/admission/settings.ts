import type { Catalogue } from '../policy/catalogue.ts'
import type { ReviewRequest } from './review.ts'

/** What becomes of a violation: the write is refused, allowed with a warning, or only noted in the audit log. */
export const MODES = ['deny', 'warn', 'audit'] as const
export type Mode = (typeof MODES)[number]

/** How requests are decided on. */
export interface Settings {
  readonly catalogue: Catalogue
  /** The mode of requests that come without one. */
  readonly mode: Mode
  /** Whether an update may keep a violation of the stored object when it changes something that is judged. */
  readonly existingViolations: 'warn' | 'deny'
  /** Field managers whose dry runs are warned and not refused. */
  readonly warnedFieldManagers: ReadonlySet<string>
  readonly exempt: Exempt
}

/** Whose writes are not judged. */
export interface Exempt {
  /** User names, service accounts in their long form among them. */
  readonly users: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  /** Namespaces of the objects that refer. */
  readonly namespaces: ReadonlySet<string>
}

/** Why a request is exempt. */
export const EXEMPTIONS = ['exempt user', 'exempt group', 'exempt namespace'] as const
export type Exemption = (typeof EXEMPTIONS)[number]

/** Why a request is exempt, if it is. */
export function exemption({ userInfo, namespace }: ReviewRequest, exempt: Exempt): Exemption | undefined {
  if (userInfo.username !== undefined && exempt.users.has(userInfo.username)) return 'exempt user'
  if (userInfo.groups?.some((group) => exempt.groups.has(group))) return 'exempt group'
  return namespace !== undefined && exempt.namespaces.has(namespace) ? 'exempt namespace' : undefined
}

/** The mode that a request is answered in: a dry run of a listed field manager is never refused. */
export function modeOf({ dryRun, options }: ReviewRequest, asked: Mode, settings: Settings): Mode {
  const manager = options?.fieldManager
  const lenient = asked === 'deny' && dryRun && manager !== undefined && settings.warnedFieldManagers.has(manager)
  return lenient ? 'warn' : asked
}
