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
const kind = { ...text, description: 'kind, as in its objects' }
const plural = { ...text, description: 'name of the resource, in lower case' }

function rate(description: string, burst: number, perSecond: number) {
  return part(description, {
    burst: { type: 'number', minimum: 1, default: burst, description: 'reads at once, after a time without reads' },
    perSecond: { type: 'number', exclusiveMinimum: 0, default: perSecond, description: 'reads per second after these' },
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
      description: 'what happens to a violation in namespaces without the mode label',
    },
    modeLabel: {
      ...text,
      title: 'the key of a label, such as example.com/mode',
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
      default: `${DOMAIN}/mode`,
      description: 'label of a namespace that chooses the mode for its objects',
    },
    failurePolicy: {
      enum: ['Fail', 'Ignore'],
      default: 'Ignore',
      description: 'what happens to a write in mode deny while refgrant cannot answer',
    },
    timeoutSeconds: {
      type: 'integer',
      minimum: 1,
      maximum: 30,
      // Long enough for a fresh read, and short enough for a user at a prompt.
      default: 5,
      description: 'how long the API server waits for an answer in mode deny',
    },
    existingViolations: {
      enum: ['warn', 'deny'],
      default: 'warn',
      description:
        'what happens to an update that keeps a violation of the stored object and changes a guarded part of it',
    },
    meshRoutes: {
      enum: ['exempt', 'enforce'],
      default: 'exempt',
      description: 'whether routes whose parents are all Services or ServiceImports need grants (GEP-1294: no)',
    },
    dryRun: part('how dry runs differ', {
      warnFieldManagers: list(
        'field managers whose dry runs get warnings and are not refused, because they dry-run before they apply the grants',
        text,
      ),
    }),
    exempt: part('writes that are not judged', {
      users: list('user names', text),
      groups: list('groups of users', text),
      serviceAccounts: list(
        'service accounts',
        record('a service account', { namespace, name: text }, ['namespace', 'name']),
      ),
      namespaces: list('namespaces of the objects that hold the references', namespace),
    }),
    exemptTargets: list(
      'kinds that do not need a grant as targets, because an implementation resolves them in its own way',
      record('a kind', { group, kind }, ['group', 'kind']),
    ),
    presets: {
      ...list('guarded fields of other projects, by the name of the project', { enum: PRESETS }),
      uniqueItems: true,
    },
    guardedFields: list(
      'fields of kinds of your own that hold references',
      record(
        'a field',
        {
          from: record('the kind whose objects hold the field', { group, kind, plural }, ['group', 'kind', 'plural']),
          path: { type: 'string', description: 'names separated by dots, with [] after each list' },
          groupField: {
            ...text,
            description: 'name of the field that holds the group of the reference, if that is not group',
          },
          to: record('what an absent group or kind of the reference means', { group, kind }, ['group', 'kind']),
          grantKind: record(
            'the kind of the grants that permit the reference, from grantKinds; ReferenceGrant by default',
            { group, kind },
            ['group', 'kind'],
          ),
        },
        ['from', 'path'],
      ),
    ),
    grantKinds: list(
      'kinds that count as grants beside ReferenceGrant and have its shape, because ReferenceGrant may move to another API group; if a guarded field names a kind, the kind counts only for the fields that name it',
      record(
        'a kind',
        {
          group,
          kind,
          plural,
          version: { ...text, description: 'version that refgrant reads and prints' },
          coreGroup: { ...text, description: 'name of the core group in its entries, if that is not ""' },
          fromGroup: { type: 'string', description: 'group of its entries in from, if they do not have one' },
        },
        ['group', 'kind', 'plural'],
      ),
    ),
    budgets: part('fresh reads that refusals may cause; a larger read counts once for each 64 KiB', {
      eachNamespace: rate('the share of each namespace, for its objects, whatever other namespaces cause', 20, 5),
      allNamespaces: rate('a reserve for all namespaces together, beyond their shares', 200, 50),
    }),
    bounds: part('how old the cached grants may be', {
      knowledgeAgeSeconds: {
        type: 'number',
        minimum: 35,
        default: 40,
        description:
          'age of the cached grants beyond which every verdict needs a fresh read; each watch confirms the cache every 30 s',
      },
    }),
  },
} as const
