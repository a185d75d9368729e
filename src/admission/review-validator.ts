import { Ajv } from 'ajv'
import { LONGEST_NAME } from '../policy/names.ts'

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

/** Validates an AdmissionReview. The bundle has the function that this makes in place of Ajv: see .build/bundle.ts. */
// Ajv must not change the object under review, so it does not coerce types, set defaults or remove fields. It reports
// only the first error: a report of all errors could be many times as large as the body.
export const validate = new Ajv({
  allErrors: false,
  coerceTypes: false,
  useDefaults: false,
  removeAdditional: false,
  strictRequired: false,
  code: { source: true },
}).compile(schema)
