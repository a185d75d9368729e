import type { Coverage } from '../policy/coverage.ts'
import type { ReviewRequest } from './review.ts'

/** How to handle a violation: refuse the write, allow it with a warning, or only record it in the audit log. */
export const MODES = ['deny', 'warn', 'audit'] as const
export type Mode = (typeof MODES)[number]

/** The settings for decisions. */
export interface Settings {
  readonly coverage: Coverage
  /** The mode of requests whose path does not name one. */
  readonly mode: Mode
  /** Whether an update that changes a judged part may keep a violation of the stored object. */
  readonly existingViolations: 'warn' | 'deny'
  /** Field managers whose dry runs get a warning instead of a denial. */
  readonly warnedFieldManagers: ReadonlySet<string>
  readonly exemptWrites: ExemptWrites
}

/** The writes that are not judged: those of these users and groups, and those of objects in these namespaces. */
export interface ExemptWrites {
  /** User names, including service accounts in their long form. */
  readonly users: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  /** Namespaces of referrers. */
  readonly namespaces: ReadonlySet<string>
}

/** The reasons why a write is exempt. */
export const EXEMPT_WRITE_REASONS = ['exempt user', 'exempt group', 'exempt namespace'] as const
export type ExemptWriteReason = (typeof EXEMPT_WRITE_REASONS)[number]

/** Returns why a write is exempt; undefined if it is not. */
export function exemptWriteReason(
  { userInfo, namespace }: ReviewRequest,
  exempt: ExemptWrites,
): ExemptWriteReason | undefined {
  if (userInfo.username !== undefined && exempt.users.has(userInfo.username)) return 'exempt user'
  if (userInfo.groups?.some((group) => exempt.groups.has(group))) return 'exempt group'
  return namespace !== undefined && exempt.namespaces.has(namespace) ? 'exempt namespace' : undefined
}

/** Returns the mode for a request. A dry run of a listed field manager gets `warn` instead of `deny`. */
export function modeOf({ dryRun, options }: ReviewRequest, asked: Mode, settings: Settings): Mode {
  const manager = options?.fieldManager
  const lenient = asked === 'deny' && dryRun && manager !== undefined && settings.warnedFieldManagers.has(manager)
  return lenient ? 'warn' : asked
}
