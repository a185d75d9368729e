import { Ajv, type ErrorObject } from 'ajv'
import type { ObjectName } from '../policy/reference.ts'

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The parts of an AdmissionRequest that a verdict rests on. Source: k8s.io/api/admission/v1, types.go. */
export interface ReviewRequest {
  readonly uid: string
  readonly kind: GroupVersionKind
  readonly subResource?: string
  readonly name?: string
  readonly namespace?: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly userInfo: { readonly username?: string; readonly groups?: readonly string[] | null }
  readonly object?: Record<string, unknown> | null
  readonly oldObject?: Record<string, unknown> | null
  readonly dryRun?: boolean
  readonly options?: { readonly fieldManager?: string } | null
}

const groupVersionKind = {
  type: 'object',
  required: ['group', 'version', 'kind'],
  properties: { group: { type: 'string' }, version: { type: 'string' }, kind: { type: 'string', minLength: 1 } },
}

// Only what a verdict rests on. Everything else is let through, since later Kubernetes releases add fields; the object
// itself is the business of its own schema.
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
        // A UUID in practice; 253 bounds what is echoed and remembered.
        uid: { type: 'string', minLength: 1, maxLength: 253 },
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

// What the user sent is what is judged: nothing is coerced, filled in or removed. The first error is enough, and
// collecting all of them would let one body cost many times its size.
const validate = new Ajv({
  allErrors: false,
  coerceTypes: false,
  useDefaults: false,
  removeAdditional: false,
  strictRequired: false,
}).compile(schema)

/** A body that is no AdmissionReview v1; `message` says where and why. */
export class NotAReview extends Error {}

/**
 * The request of an AdmissionReview v1.
 *
 * @param body a parsed JSON body; it is not changed
 * @throws NotAReview with the first violation
 */
export function parseReview(body: unknown): ReviewRequest {
  if (!validate(body)) throw new NotAReview(describe(validate.errors?.[0]))
  return (body as { request: ReviewRequest }).request
}

/** The object under review. Its name is missing from the request where `generateName` has not been resolved yet. */
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
