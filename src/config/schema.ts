import { API_VERSION, DOMAIN } from '../admission/names.ts'
import { MODES } from '../admission/settings.ts'
import { NAMESPACE } from '../policy/names.ts'
import { PRESETS } from '../policy/presets.ts'

/**
 * The JSON Schema of the configuration file. It validates the file, supplies its defaults, and helps editors
 * (docs/configuration.schema.json).
 */

const namespace = {
  type: 'string',
  title: 'a namespace: at most 63 lower-case letters, digits and -, with no - at either end',
  pattern: NAMESPACE.source,
}
const text = { type: 'string', minLength: 1 }

function list(description: string, items: object) {
  return { type: 'array', description, items, default: [] }
}

/** Returns the schema of an object whose fields all have defaults. */
function part(description: string, properties: Record<string, object>) {
  return { ...record(description, properties), default: {} }
}

function record(description: string, properties: Record<string, object>, required: readonly string[] = []) {
  return { type: 'object', description, additionalProperties: false, required, properties }
}

const group = { type: 'string', description: 'API group without a version; "" is the core group' }
const kind = { ...text, description: 'kind, as in the objects' }
const plural = { ...text, description: 'resource name: the plural, in lower case' }

function rate(description: string, burst: number, perSecond: number) {
  return part(description, {
    burst: { type: 'number', minimum: 1, default: burst, description: 'reads at once after a quiet time' },
    perSecond: { type: 'number', exclusiveMinimum: 0, default: perSecond, description: 'further reads a second' },
  })
}

export const configurationSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'refgrant Configuration',
  type: 'object',
  required: ['apiVersion', 'kind'],
  additionalProperties: false,
  properties: {
    apiVersion: { const: API_VERSION },
    kind: { const: 'Configuration' },
    mode: {
      enum: MODES,
      default: 'deny',
      description: 'what happens to a violation in a namespace without the mode label',
    },
    modeLabel: {
      ...text,
      title: 'the key of a label, such as example.com/mode',
      pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
      default: `${DOMAIN}/mode`,
      description: 'label of a namespace that chooses the mode for its objects',
    },
    failurePolicy: {
      enum: ['Fail', 'Ignore'],
      default: 'Fail',
      description: 'what happens to a write in mode deny while refgrant cannot answer',
    },
    existingViolations: {
      enum: ['warn', 'deny'],
      default: 'warn',
      description:
        'what happens to an update that keeps a violation of the stored object and changes a judged part of it',
    },
    meshRoutes: {
      enum: ['exempt', 'enforce'],
      default: 'exempt',
      description: 'whether routes whose parents are all Services or ServiceImports need grants (GEP-1294: no)',
    },
    dryRun: part('how refgrant treats dry runs', {
      warnFieldManagers: list(
        'field managers whose dry runs get a warning in place of a denial, since they run them before they apply the grants',
        text,
      ),
    }),
    exempt: part('users and namespaces whose writes are not judged', {
      users: list('user names', text),
      groups: list('groups of users', text),
      serviceAccounts: list(
        'service accounts',
        record('a service account', { namespace, name: text }, ['namespace', 'name']),
      ),
      namespaces: list('namespaces of the referring objects', namespace),
    }),
    exemptTargets: list(
      'kinds of targets that need no grant, since an implementation resolves them in its own way',
      record('a kind', { group, kind }, ['group', 'kind']),
    ),
    presets: {
      ...list('guarded fields of other projects, by the name of the project', { enum: PRESETS }),
      uniqueItems: true,
    },
    guardedFields: list(
      'further fields that hold references, of other kinds or of your own',
      record(
        'a field',
        {
          from: record('the kind that has the field', { group, kind, plural }, ['group', 'kind', 'plural']),
          path: { type: 'string', description: 'names separated by dots, with [] after each list' },
          groupField: { ...text, description: "name of the reference's group field; default: group" },
          to: record('defaults of an absent group or kind in the reference', { group, kind }, ['group', 'kind']),
          grantKind: record(
            'the kind of the grants that permit the reference, one of grantKinds; default: ReferenceGrant',
            { group, kind },
            ['group', 'kind'],
          ),
        },
        ['from', 'path'],
      ),
    ),
    grantKinds: list(
      'kinds that count as grants in addition to ReferenceGrant, and have its shape; a kind that a guarded field names counts only for the fields that name it',
      record(
        'a kind',
        {
          group,
          kind,
          plural,
          version: { ...text, description: 'version to read and print' },
          coreGroup: { ...text, description: 'another name of the core group in its entries, beside ""' },
          fromGroup: { type: 'string', description: 'group of its entries in from, if these have no group' },
        },
        ['group', 'kind', 'plural'],
      ),
    ),
    budgets: part('limits of the fresh reads for denials; a read counts once for each 64 KiB', {
      eachNamespace: rate('the share of each namespace of referring objects', 20, 5),
      allNamespaces: rate('the limit of all namespaces together beyond their shares', 200, 50),
    }),
    bounds: part('limits of the age of cached grants', {
      knowledgeAgeSeconds: {
        type: 'number',
        minimum: 35,
        default: 40,
        description:
          'age beyond which cached grants are stale, so that refgrant reads them again; watches renew them every 30 s',
      },
    }),
  },
} as const
