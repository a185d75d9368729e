import { isDeepStrictEqual } from 'node:util'
import { API_VERSION } from '../admission/names.ts'
import type { Mode, Settings } from '../admission/settings.ts'
import { type GuardedField, guardedFields as standardFields } from '../policy/catalogue.ts'
import { Coverage } from '../policy/coverage.ts'
import { type GrantKind, REFERENCE_GRANT } from '../policy/grant-kinds.ts'
import { type Preset, type PresetName, presets } from '../policy/presets.ts'
import type { GroupKind } from '../policy/reference.ts'
import { configurationSchema } from './schema.ts'

/** A limit of reads: how many at once after a quiet time, and how many a second. */
interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** The configuration with all defaults filled in. See schema.ts for the meaning of each field. */
export interface Config {
  readonly mode: Mode
  readonly modeLabel: string
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly timeoutSeconds: number
  readonly existingViolations: 'warn' | 'deny'
  readonly meshRoutes: 'exempt' | 'enforce'
  readonly dryRun: { readonly warnFieldManagers: readonly string[] }
  readonly exempt: {
    readonly users: readonly string[]
    readonly groups: readonly string[]
    readonly serviceAccounts: readonly { readonly namespace: string; readonly name: string }[]
    readonly namespaces: readonly string[]
  }
  readonly exemptTargets: readonly GroupKind[]
  /** The names of presets, whose guarded fields are added to those of Gateway API. */
  readonly presets: readonly PresetName[]
  /** The admin's own guarded fields, which are added to those of Gateway API. */
  readonly guardedFields: readonly GuardedField[]
  /** The kinds that count as grants in addition to ReferenceGrant. */
  readonly grantKinds: readonly GrantKind[]
  readonly budgets: { readonly eachNamespace: Rate; readonly allNamespaces: Rate }
  readonly bounds: { readonly knowledgeAgeSeconds: number }
}

/** Values from the command line or the environment, which override the file. */
export type Overrides = {
  [K in 'mode' | 'failurePolicy' | 'existingViolations' | 'meshRoutes']?: Config[K] | undefined
}

/** Returns the configuration without a file: every field has its default. */
export function defaultConfig(overrides: Overrides = {}): Config {
  return overridden(defaultOf(configurationSchema) as Config, overrides)
}

/** Returns a configuration with the values that are set in place of its own. */
export function overridden(config: Config, overrides: Overrides): Config {
  return { ...config, ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) }
}

/** The parts of a JSON Schema that tell the default of a value. */
interface Defaulted {
  readonly const?: unknown
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Defaulted>>
}

function defaultOf({ properties, const: only, default: value = only }: Defaulted): unknown {
  if (!properties) return value
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, defaultOf(field)]))
}

/** Returns the settings by which requests are judged. */
export function settingsOf(config: Config): Settings {
  const { users, groups, serviceAccounts, namespaces } = config.exempt
  // The user name of a service account: k8s.io/apiserver/pkg/authentication/serviceaccount, MakeUsername.
  const accounts = serviceAccounts.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`)
  return {
    coverage: coverageOf(config),
    mode: config.mode,
    existingViolations: config.existingViolations,
    warnedFieldManagers: new Set(config.dryRun.warnFieldManagers),
    exemptWrites: {
      users: new Set([...users, ...accounts]),
      groups: new Set(groups),
      namespaces: new Set(namespaces),
    },
  }
}

/** Returns the limits of fresh reads, and the age up to which cached grants may be used, in ms. */
export function limitsOf({ budgets, bounds }: Config) {
  return { ...budgets, knowledgeAge: bounds.knowledgeAgeSeconds * 1_000 }
}

/** Returns the fields of a configuration that the registration depends on. */
export function registrationOf(config: Config) {
  const { mode, modeLabel, failurePolicy, timeoutSeconds } = config
  return { coverage: coverageOf(config), mode, modeLabel, failurePolicy, timeoutSeconds }
}

/** Returns the fields of a configuration that shape more of the registration than a value of an entry. */
export function shapingOf({ modeLabel, presets, guardedFields, grantKinds }: Config) {
  return { modeLabel, presets, guardedFields, grantKinds }
}

/** Returns the text of a configuration as an object: the fields that are not as by default, and those of `shapingOf`. */
export function writtenOf(config: Config): object {
  const byDefault = defaultConfig()
  const shaping = shapingOf(config)
  const written = Object.entries(config).filter(
    ([name, value]) => name in shaping || !isDeepStrictEqual(value, byDefault[name as keyof Config]),
  )
  return { apiVersion: API_VERSION, kind: 'Configuration', ...Object.fromEntries(written) }
}

/** Returns what a configuration makes refgrant judge. */
export function coverageOf(config: Config): Coverage {
  const { meshRoutes, exemptTargets, grantKinds } = config
  const exemptReferences = { meshRoutes: meshRoutes === 'exempt', targets: exemptTargets }
  const declared = new Set(grantKinds.map(({ group, plural }) => `${plural}.${group}`))
  // A kind that the file declares overrides the same kind of a preset.
  const preset = chosen(config)
    .flatMap(({ grantKinds }) => grantKinds)
    .filter(({ group, plural }) => !declared.has(`${plural}.${group}`))
  const fields = [...standardFields, ...addedFields(config)]
  return new Coverage(fields, exemptReferences, [REFERENCE_GRANT, ...preset, ...grantKinds])
}

/** Returns the guarded fields that a configuration adds to those of Gateway API. */
export function addedFields(config: Config): readonly GuardedField[] {
  return [...chosen(config).flatMap(({ fields }) => fields), ...config.guardedFields]
}

function chosen(config: Config): readonly Preset[] {
  return config.presets.map((name) => presets[name])
}
