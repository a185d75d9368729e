import fc from 'fast-check'
import type { ReferrerKind } from '../../../src/policy/catalogue.ts'
import type { Schema as FieldSchema, KindVersion } from './crd-schemas.ts'

/** What of a schema shapes an object. Rules in CEL are left to the API server, which refuses what breaks one. */
interface Schema extends FieldSchema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly minProperties?: number
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

/** Values that the schema's patterns would take, but that mean something to rules in CEL. */
const KNOWN: Record<string, fc.Arbitrary<unknown>> = {
  protocol: fc.constantFrom('HTTPS', 'TLS', 'HTTP'),
  hostname: fc.constantFrom('a.example.com', 'b.example.com'),
  hostnames: fc.constant(['shop.example.com']),
  gatewayClassName: fc.constant('example'),
  name: fc.constantFrom('a', 'b', 'c'),
}

/** Fields of a kind without which, or with another value of which, the kind's rules in CEL refuse what is guarded. */
const HINTS: Record<string, fc.Arbitrary<unknown>> = {
  'XBackend spec.protocol': fc.constant('HTTP'),
  'XBackend spec.tls.mode': fc.constant('ClientAndServer'),
  'XBackend spec.tls.validation': fc.constant({ hostname: 'a.example.com', wellKnownCACertificates: 'System' }),
  'XTelemetryPolicy spec.tracing.mode': fc.constant('Enabled'),
}

/** How often a field that need not be there is, in a hundred: on the way to a guarded one, and elsewhere. */
const OPTIONAL = { guarded: 75, other: 4 }

/**
 * Specs of a kind, shaped by its schema: what is required, what leads to guarded fields, and some of all the rest.
 *
 * @param paths the guarded fields
 * @param namespace what guarded fields name as namespace; undefined for none
 */
export function randomSpec(
  { kind, schema }: KindVersion,
  paths: readonly string[],
  namespace: fc.Arbitrary<string | undefined>,
): fc.Arbitrary<unknown> {
  const guarded = new Set(paths)
  const leadsToGuarded = (path: string) =>
    paths.some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[]`))

  function value(schema: Schema, path: string, name: string): fc.Arbitrary<unknown> {
    if (guarded.has(path)) return reference(schema, path)
    const hint = HINTS[`${kind} ${path}`]
    if (hint) return hint
    const known = KNOWN[name]
    if (known && !schema.enum && schema.type !== 'object') return known
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (schema['x-kubernetes-int-or-string']) return fc.integer({ min: 1, max: 99 })
    switch (schema.type) {
      case 'string':
        return text(schema)
      case 'integer':
        return fc.integer({ min: schema.minimum ?? 1, max: Math.min(schema.maximum ?? 999, 999) })
      case 'number':
        return fc.constant(1)
      case 'boolean':
        return fc.boolean()
      case 'array':
        return list(schema, path)
      default:
        return record(schema, path)
    }
  }

  function list(schema: Schema, path: string): fc.Arbitrary<unknown[]> {
    const minLength = Math.max(schema.minItems ?? 0, leadsToGuarded(path) ? 1 : 0)
    const keys = schema['x-kubernetes-list-map-keys']
    const bounds = { minLength, maxLength: Math.max(minLength, 2) }
    const elements = value(schema.items ?? {}, `${path}[]`, '')
    if (!keys) return fc.array(elements, bounds)
    const selector = (one: unknown) => JSON.stringify(keys.map((key) => (one as Record<string, unknown>)[key]))
    return fc.uniqueArray(elements, { ...bounds, selector })
  }

  function record(schema: Schema, path: string): fc.Arbitrary<Record<string, unknown>> {
    const properties = Object.entries(schema.properties ?? {})
    if (properties.length === 0) return fc.constant(schema.additionalProperties ? { a: 'b' } : {})
    const union = unionOf(schema)
    const entries = properties.map(([name, property]) => {
      const place = path === '' ? name : `${path}.${name}`
      const needed =
        schema.minProperties !== undefined ||
        schema.required?.includes(name) ||
        name === union?.by ||
        `${kind} ${place}` in HINTS
      const often = leadsToGuarded(place) ? OPTIONAL.guarded : OPTIONAL.other
      const there =
        needed || union?.values.has(name)
          ? fc.constant(true)
          : fc.integer({ min: 1, max: 100 }).map((roll) => roll <= often)
      return fc.tuple(fc.constant(name), there, value(property, place, name))
    })
    return fc.tuple(union ? member(union, path) : fc.constant(''), fc.tuple(...entries)).map(([chosen, drawn]) => {
      const all = Object.fromEntries(drawn.filter(([, there]) => there).map(([name, , value]) => [name, value]))
      return union ? choose(chosen, all, union) : all
    })
  }

  /** The name of one payload of a union; of those that hold guarded fields more often. */
  function member({ values }: Union, path: string): fc.Arbitrary<string> {
    const members = [...values.keys()]
    const guardedMembers = members.filter((name) => leadsToGuarded(`${path}.${name}`))
    return fc.constantFrom(...members, ...guardedMembers, ...guardedMembers)
  }

  function reference(schema: Schema, path: string): fc.Arbitrary<Record<string, unknown>> {
    // Defaults make it a Service or a Secret; a Service needs a port, and what may lie below has guarded fields too.
    const others = Object.entries(schema.properties ?? {}).filter(
      ([name]) => !['group', 'kind', 'namespace', 'name'].includes(name),
    )
    const rest = others
      .filter(([name]) => name === 'port' || leadsToGuarded(`${path}.${name}`))
      .map(([name, property]) => fc.tuple(fc.constant(name), value(property, `${path}.${name}`, name)))
    const required = schema.required?.includes('kind') ? { group: '', kind: 'ConfigMap' } : {}
    return fc
      .tuple(KNOWN.name as fc.Arbitrary<string>, namespace, fc.tuple(...rest))
      .map(([name, itsNamespace, drawn]) => ({
        ...required,
        name,
        ...(itsNamespace !== undefined && { namespace: itsNamespace }),
        ...Object.fromEntries(drawn),
      }))
  }

  return value((schema as Schema).properties?.spec as Schema, 'spec', 'spec')
}

/** Properties that are one another's alternatives, and the value of the property that tells them apart. */
interface Union {
  /** `type`, or what else it is called. */
  readonly by: string
  readonly values: ReadonlyMap<string, string>
}

/** One payload of a union, with the value that stands for it, and what is not part of the union. */
function choose(chosen: string, all: Record<string, unknown>, { by, values }: Union): Record<string, unknown> {
  const kept = Object.entries(all).filter(([name]) => name === chosen || !values.has(name))
  return { ...Object.fromEntries(kept), [by]: values.get(chosen) }
}

/** The union that a schema is, if one of its properties enumerates the names of others: `RequestMirror`, `HTTP`. */
function unionOf({ properties = {} }: Schema): Union | undefined {
  for (const by of ['type', 'protocol']) {
    const pairs = Object.keys(properties).flatMap((name) => {
      const value = properties[by]?.enum?.find((one) => one.toLowerCase() === name.toLowerCase())
      return value === undefined ? [] : [[name, value] as const]
    })
    if (pairs.length > 0) return { by, values: new Map(pairs) }
  }
  return undefined
}

function text({ pattern, format, minLength = 0, maxLength = 63 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constant('2026-01-01T00:00:00Z')
  const any =
    pattern === undefined
      ? fc.stringMatching(/^[a-z]{1,8}$/)
      : fc.stringMatching(new RegExp(pattern), { size: 'xsmall' })
  return any.filter((one) => one.length >= minLength && one.length <= maxLength)
}

/** What a name of an object in a path may be. */
export function apiPathOf({ group, plural }: ReferrerKind, version: string, namespace: string): string {
  return `/apis/${group}/${version}/namespaces/${namespace}/${plural}`
}
