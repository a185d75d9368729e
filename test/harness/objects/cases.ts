import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { folderWith } from '../folders.ts'
import type { ApiObject } from './api-object.ts'

const FOLDER = path.join(import.meta.dirname, '..', '..', 'cases')

const FILES = new Set([
  'object.yaml',
  'old-object.yaml',
  'grants.yaml',
  'grants-before.yaml',
  'expect.yaml',
  'configuration.yaml',
])

const EXPECTATIONS = new Set(['allowed', 'message', 'warnings', 'release'])

/** The topic and what happens, as a sentence; an object that is applied; the grants there are; and what must come of it. */
export interface Case {
  readonly title: string
  readonly object: ApiObject
  /** The stored object, if the apply is an update. */
  readonly oldObject: ApiObject | undefined
  readonly grants: readonly ApiObject[]
  /** The grants there were when the old object was stored. */
  readonly grantsBefore: readonly ApiObject[]
  /** The configuration that it is about, as a text; undefined for the default. */
  readonly configuration: string | undefined
  readonly expect: {
    readonly allowed: boolean
    /** Texts that the denial holds. */
    readonly message?: readonly string[]
    /** Texts that the warnings hold; none may come without being named here. */
    readonly warnings?: readonly string[]
    /** The release of Gateway API whose CRDs have what the case is about; the newest by default. */
    readonly release?: string
  }
}

/** All cases, topic after topic. A folder that lacks a file, or has one that means nothing or is held to nothing, is an error. */
export function readCases(): Case[] {
  return readdirSync(FOLDER).flatMap((topic) =>
    readdirSync(path.join(FOLDER, topic)).map((sentence) => readCase(topic, sentence)),
  )
}

function readCase(topic: string, sentence: string): Case {
  const name = path.join(topic, sentence)
  const file = (file: string) => path.join(FOLDER, name, file)
  const stray = readdirSync(file('.')).filter((file) => !FILES.has(file))
  if (stray.length > 0) throw new Error(`test/cases/${name}: nothing reads ${stray.join(', ')}`)
  const list = (name: string) =>
    existsSync(file(name)) ? parseAllDocuments(readFileSync(file(name), 'utf8')).map((d) => d.toJS() as ApiObject) : []
  return {
    title: `${topic.replaceAll('-', ' ')}: ${sentence.replaceAll('-', ' ')}`,
    object: parse(readFileSync(file('object.yaml'), 'utf8')),
    oldObject: list('old-object.yaml')[0],
    grants: list('grants.yaml'),
    grantsBefore: list('grants-before.yaml'),
    configuration: existsSync(file('configuration.yaml'))
      ? readFileSync(file('configuration.yaml'), 'utf8')
      : undefined,
    expect: expectation(name, parse(readFileSync(file('expect.yaml'), 'utf8'))),
  }
}

/** The file of a configuration, for commands; undefined for the default. */
export function configurationFile({ configuration }: Pick<Case, 'configuration'>): string | undefined {
  return configuration === undefined
    ? undefined
    : path.join(folderWith({ 'refgrant.yaml': configuration }), 'refgrant.yaml')
}

function expectation(name: string, expect: Case['expect']): Case['expect'] {
  const stray = Object.keys(expect).filter((key) => !EXPECTATIONS.has(key))
  if (stray.length > 0) throw new Error(`test/cases/${name}: expect.yaml has ${stray.join(', ')}, which mean nothing`)
  if (typeof expect.allowed !== 'boolean') throw new Error(`test/cases/${name}: expect.yaml does not say what happens`)
  if (!expect.allowed && !expect.message?.length) throw new Error(`test/cases/${name}: refused without a message`)
  return expect
}
