import { API_VERSION, DOMAIN } from '../admission/names.ts'
import { MODES } from '../admission/settings.ts'
import { NAMESPACE } from '../policy/names.ts'
import { PRESETS } from '../policy/presets.ts'

/**
 * The configuration file as a JSON Schema: what the file is validated by, where its defaults come from, and what editors
 * read (docs/configuration.schema.json).
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

/** A part of the file whose fields all have defaults. */
function part(description: string, properties: Record<string, object>) {
  return { ...record(description, properties), default: {} }
}

function record(description: string, properties: Record<string, object>, required: readonly string[] = []) {
  return { type: 'object', description, additionalProperties: false, required, properties }
}

const group = { type: 'string', description: 'API group; "" is the core group, and a version is no part of it' }
const kind = { ...text, description: 'kind, as in an object of it' }
const plural = { ...text, description: "the resource's name, in lower case" }

function rate(description: string, burst: number, perSecond: number) {
  return part(description, {
    burst: { type: 'number', minimum: 1, default: burst, description: 'reads at once, after a quiet time' },
    perSecond: { type: 'number', exclusiveMinimum: 0, default: perSecond, description: 'reads a second that follow' },
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
      description: 'what becomes of a violation in namespaces without the mode label',
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
      default: 'Fail',
      description: 'what becomes of a write in mode deny while refgrant cannot answer',
    },
    existingViolations: {
      enum: ['warn', 'deny'],
      default: 'warn',
      description:
        'what becomes of an update that keeps a violation of the stored object, and changes something judged',
    },
    meshRoutes: {
      enum: ['exempt', 'enforce'],
      default: 'exempt',
      description: 'whether routes whose parents are all Services or ServiceImports need grants (GEP-1294: no)',
    },
    dryRun: part('how dry runs differ', {
      warnFieldManagers: list(
        'field managers whose dry runs are warned and not refused, since they check before they apply the grants',
        text,
      ),
    }),
    exempt: part('whose writes are not judged', {
      users: list('user names', text),
      groups: list('groups of users', text),
      serviceAccounts: list(
        'service accounts',
        record('a service account', { namespace, name: text }, ['namespace', 'name']),
      ),
      namespaces: list('namespaces of the objects that refer', namespace),
    }),
    exemptTargets: list(
      'kinds that need no grant when referred to, because an implementation resolves them in its own way',
      record('a kind', { group, kind }, ['group', 'kind']),
    ),
    presets: {
      ...list('guarded fields of other projects, by the name of the project', { enum: PRESETS }),
      uniqueItems: true,
    },
    guardedFields: list(
      "fields of kinds of one's own that hold references",
      record(
        'a field',
        {
          from: record('the kind whose objects hold it', { group, kind, plural }, ['group', 'kind', 'plural']),
          path: { type: 'string', description: 'names separated by dots, with [] after each list' },
          groupField: { ...text, description: "what the reference's group is called, where that is not group" },
          to: record('what an absent group or kind of the reference means', { group, kind }, ['group', 'kind']),
          grantKind: record(
            'the kind of the grants that permit it, one of grantKinds; without it, that is ReferenceGrant',
            { group, kind },
            ['group', 'kind'],
          ),
        },
        ['from', 'path'],
      ),
    ),
    grantKinds: list(
      'kinds that count as grants beside ReferenceGrant, with its shape, since it may move to another API group; one that a guarded field names counts only for the fields that name it',
      record(
        'a kind',
        {
          group,
          kind,
          plural,
          version: { ...text, description: 'version that is read and printed' },
          coreGroup: { ...text, description: 'what its entries call the core group, where that is not ""' },
          fromGroup: { type: 'string', description: 'group that its entries in from mean, where they have none' },
        },
        ['group', 'kind', 'plural'],
      ),
    ),
    budgets: part('fresh reads that refusals may cause; one of more than 64 KiB counts as one for each 64 KiB', {
      eachNamespace: rate('the share of the objects of each namespace, whatever others cause', 20, 5),
      allNamespaces: rate('what all namespaces together may cause beyond their shares', 200, 50),
    }),
    bounds: part('how old knowledge may be', {
      knowledgeAgeSeconds: {
        type: 'number',
        minimum: 35,
        default: 40,
        description: 'age beyond which grants are read afresh; a watch proves itself every 30 s',
      },
    }),
  },
} as const
