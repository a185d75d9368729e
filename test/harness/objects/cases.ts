import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { ApiObject } from './api-object.ts'

const FOLDER = path.join(import.meta.dirname, '..', '..', 'cases')

const FILES = new Set([
  'object.yaml',
  'old-object.yaml',
  'grants.yaml',
  'grants-before.yaml',
  'request.yaml',
  'configuration.yaml',
  'expect.yaml',
])

/** How an object is applied; `request.yaml`. */
interface CaseRequest {
  /** Who applies it, service accounts in their long form; an administrator by default. */
  readonly user?: string
  readonly groups?: readonly string[]
  /** Labels of the object's namespace, the same in all cases with this namespace. */
  readonly namespaceLabels?: Readonly<Record<string, string>>
  readonly dryRun?: boolean
  readonly fieldManager?: string
  /** Whether the stored object is being deleted; a finalizer has to keep it. */
  readonly deleting?: boolean
}

/** What must come of it; `expect.yaml`. */
export interface CaseExpectation {
  readonly allowed: boolean
  /** Texts that the denial holds. */
  readonly message?: readonly string[]
  /** Texts that the warnings hold; none may come without being named here. */
  readonly warnings?: readonly string[]
  /** Annotations in the audit log. */
  readonly annotations?: Readonly<Record<string, string>>
  /** What `refgrant check` finds, if it is something else: files tell of no user, no label and no stored object. */
  readonly check?: 'permitted' | 'not permitted'
  /** The release of Gateway API whose CRDs have what the case is about; the newest by default. */
  readonly release?: string
}

/** The topic and what happens, as a sentence; an object that is applied; the grants there are; and what must come of it. */
export interface Case {
  readonly title: string
  readonly object: ApiObject
  /** The stored object, if the apply is an update. */
  readonly oldObject: ApiObject | undefined
  readonly grants: readonly ApiObject[]
  /** The grants there were when the old object was stored. */
  readonly grantsBefore: readonly ApiObject[]
  readonly request: CaseRequest
  /** The configuration that it is about, as a text; empty for the default. */
  readonly configuration: string
  readonly expect: CaseExpectation
}

const REQUEST = new Set<keyof CaseRequest>(['user', 'groups', 'namespaceLabels', 'dryRun', 'fieldManager', 'deleting'])
const EXPECTATIONS = new Set<keyof CaseExpectation>([
  'allowed',
  'message',
  'warnings',
  'annotations',
  'check',
  'release',
])

/** All cases, topic after topic. A folder that lacks a file, or has one that means nothing or is held to nothing, is an error. */
export function readCases(): Case[] {
  return readdirSync(FOLDER).flatMap((topic) =>
    readdirSync(path.join(FOLDER, topic)).map((sentence) => readCase(topic, sentence)),
  )
}

function readCase(topic: string, sentence: string): Case {
  const name = path.join(topic, sentence)
  const folder = path.join(FOLDER, name)
  const stray = readdirSync(folder).filter((file) => !FILES.has(file))
  if (stray.length > 0) throw new Error(`test/cases/${name}: nothing reads ${stray.join(', ')}`)
  const text = (file: string) =>
    existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8') : ''
  const list = (file: string) => parseAllDocuments(text(file)).map((document) => document.toJS() as ApiObject)
  const [object] = list('object.yaml')
  if (!object) throw new Error(`test/cases/${name}: object.yaml is missing`)
  const one = {
    title: `${topic.replaceAll('-', ' ')}: ${sentence.replaceAll('-', ' ')}`,
    object,
    oldObject: list('old-object.yaml')[0],
    grants: list('grants.yaml'),
    grantsBefore: list('grants-before.yaml'),
    request: parse(text('request.yaml')) ?? {},
    configuration: text('configuration.yaml'),
    expect: parse(text('expect.yaml')) ?? {},
  }
  const problem = problemOf(one)
  if (problem !== undefined) throw new Error(`test/cases/${name}: ${problem}`)
  return one
}

/** What a case has that means nothing, or lacks. */
function problemOf({ request, expect, oldObject }: Case): string | undefined {
  const strayIn = (file: object, known: ReadonlySet<string>) => Object.keys(file).filter((key) => !known.has(key))
  const stray = [...strayIn(request, REQUEST), ...strayIn(expect, EXPECTATIONS)]
  if (stray.length > 0) return `${stray.join(', ')} mean nothing`
  if (typeof expect.allowed !== 'boolean') return 'expect.yaml does not say what happens'
  if (!expect.allowed && !expect.message?.length) return 'refused without a message'
  if (request.deleting && !oldObject) return 'what is not stored cannot be deleted'
  if (expect.check !== undefined && (expect.check === 'not permitted') === warnedOrRefused(expect))
    return 'expect.yaml says of check what is so anyway'
  return undefined
}

/** Whether files hold a violation. */
export function isViolation({ expect }: Case): boolean {
  return expect.check === undefined ? warnedOrRefused(expect) : expect.check === 'not permitted'
}

const warnedOrRefused = ({ allowed, warnings = [] }: CaseExpectation) => !allowed || warnings.length > 0
