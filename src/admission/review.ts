import type { ErrorObject } from 'ajv'
import type { ObjectName } from '../policy/reference.ts'
import { validate } from './review-validator.ts'

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The fields of an AdmissionRequest that a verdict depends on. Source: k8s.io/api/admission/v1, types.go. */
export interface ReviewRequest {
  readonly uid: string
  readonly kind: GroupVersionKind
  readonly subResource?: string | undefined
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly userInfo: { readonly username?: string | undefined; groups?: readonly string[] | null | undefined }
  object?: Record<string, unknown> | null | undefined
  /** Read it with `storedObject`. */
  oldObject?: Record<string, unknown> | null | undefined
  /** Parses `oldObject`, if it is not parsed yet. */
  parseStored?: (() => unknown) | undefined
  readonly dryRun?: boolean | undefined
  readonly options?: { readonly fieldManager?: string | undefined } | null | undefined
}

/** A body is not an AdmissionReview v1. The message says where and why. */
export class NotAReview extends Error {}

/**
 * Returns the request of an AdmissionReview v1, with only the fields that a verdict depends on.
 *
 * @param body a parsed JSON body; it is not modified
 * @param parseStored parses the stored object, if the body has an empty one in its place
 * @throws NotAReview with the first violation
 */
export function parseReview(body: unknown, parseStored?: () => unknown): ReviewRequest {
  if (!validate(body)) throw new NotAReview(describe(validate.errors?.[0]))
  const { request } = body as { request: ReviewRequest }
  const { uid, subResource, name, namespace, operation, object, oldObject, dryRun } = request
  const { group, version, kind } = request.kind
  const { username, groups } = request.userInfo
  const options = request.options && { fieldManager: request.options.fieldManager }
  const userInfo = { username, groups }
  return {
    uid,
    kind: { group, version, kind },
    subResource,
    name,
    namespace,
    operation,
    userInfo,
    object,
    oldObject,
    dryRun,
    options,
    parseStored,
  }
}

/** Returns the object before an update. It is parsed when it is needed for the first time. */
export function storedObject(review: ReviewRequest): ReviewRequest['oldObject'] {
  if (review.parseStored) review.oldObject = review.parseStored() as ReviewRequest['oldObject']
  review.parseStored = undefined
  return review.oldObject
}

/**
 * Drops the objects and the groups of a review, which can take megabytes, so that they do not stay in memory while the
 * review waits for grants.
 */
export function dropContent(review: ReviewRequest): void {
  review.object = undefined
  review.oldObject = undefined
  review.parseStored = undefined
  review.userInfo.groups = undefined
}

/** Returns the name of the object under review. A request has no name until `generateName` is resolved. */
export function reviewedObject({ kind, namespace, name, object }: ReviewRequest): ObjectName {
  const metadata = object?.metadata as { name?: unknown; generateName?: unknown } | undefined
  const named = [name, metadata?.name, metadata?.generateName].find((text) => typeof text === 'string' && text !== '')
  return { group: kind.group, kind: kind.kind, namespace: namespace ?? '', name: String(named ?? '') }
}

function describe(error: ErrorObject | undefined): string {
  const where = error?.instancePath ? error.instancePath.slice(1).replaceAll('/', '.') : 'the body'
  const allowed: unknown = error?.params.allowedValue ?? error?.params.allowedValues
  const detail = allowed === undefined ? '' : `: ${JSON.stringify(allowed)}`
  return `not an AdmissionReview of admission.k8s.io/v1: ${where} ${error?.message ?? 'is invalid'}${detail}`
}
