import { Ajv, type ErrorObject } from 'ajv'
import { LONGEST_NAME } from '../policy/names.ts'
import type { ObjectName } from '../policy/reference.ts'

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
  oldObject?: Record<string, unknown> | null | undefined
  readonly dryRun?: boolean | undefined
  readonly options?: { readonly fieldManager?: string | undefined } | null | undefined
}

const groupVersionKind = {
  type: 'object',
  required: ['group', 'version', 'kind'],
  properties: { group: { type: 'string' }, version: { type: 'string' }, kind: { type: 'string', minLength: 1 } },
}

// The schema has only the fields that a verdict depends on, since later Kubernetes releases may add others. The API
// server validates the object itself.
const schema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'request'],
  properties: {
    apiVersion: { const: 'admission.k8s.io/v1' },
    kind: { const: 'AdmissionReview' },
    request: {
      type: 'object',
      required: ['uid', 'kind', 'operation', 'userInfo'],
      properties: {
        // In practice a UUID. The limit bounds what the response repeats and the server remembers.
        uid: { type: 'string', minLength: 1, maxLength: LONGEST_NAME },
        kind: groupVersionKind,
        subResource: { type: 'string' },
        name: { type: 'string' },
        namespace: { type: 'string' },
        operation: { enum: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] },
        userInfo: {
          type: 'object',
          properties: { username: { type: 'string' }, groups: { type: ['array', 'null'], items: { type: 'string' } } },
        },
        options: { type: ['object', 'null'], properties: { fieldManager: { type: 'string' } } },
        object: { type: ['object', 'null'] },
        oldObject: { type: ['object', 'null'] },
        dryRun: { type: 'boolean' },
      },
      allOf: [
        {
          if: { required: ['operation'], properties: { operation: { enum: ['CREATE', 'UPDATE'] } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { required: ['object'], properties: { object: { type: 'object' } } },
        },
        {
          if: { required: ['operation'], properties: { operation: { const: 'UPDATE' } } },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { required: ['oldObject'], properties: { oldObject: { type: 'object' } } },
        },
      ],
    },
  },
}

// Ajv must not change the object under review, so it does not coerce types, set defaults or remove fields. It reports
// only the first error: a report of all errors could be many times as large as the body.
const validate = new Ajv({
  allErrors: false,
  coerceTypes: false,
  useDefaults: false,
  removeAdditional: false,
  strictRequired: false,
  // The schema is a constant, so it is not validated at each start: Ajv would compile the schema of schemas for that.
  meta: false,
  validateSchema: false,
}).compile(schema)

/** A body is not an AdmissionReview v1. The message says where and why. */
export class NotAReview extends Error {}

/**
 * Returns the request of an AdmissionReview v1, with only the fields that a verdict depends on.
 *
 * @param body a parsed JSON body; it is not modified
 * @throws NotAReview with the first violation
 */
export function parseReview(body: unknown): ReviewRequest {
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
  }
}

/**
 * Drops the objects and the groups of a review, which can take megabytes, so that they do not stay in memory while the
 * review waits for grants.
 */
export function dropContent(review: ReviewRequest): void {
  review.object = undefined
  review.oldObject = undefined
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
