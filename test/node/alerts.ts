import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'
import { prometheusRoot } from './root.ts'

/** The text of the alert rules of docs/monitoring.md, as `make generate` copies them into the chart. */
export const alertRules = (): string => readFileSync('manifests/chart/alerts.yaml', 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
}

/** The alert rules. */
export function alerts(): readonly Rule[] {
  return parse(alertRules()).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
}

/** The expressions of the dashboard in the chart, of which each needs a value of `$__rate_interval`. */
export function dashboardExpressions(): readonly string[] {
  const { panels } = JSON.parse(readFileSync('manifests/chart/dashboard.json', 'utf8'))
  return panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) => targets.map(({ expr }) => expr))
}

/** Runs promtool beside a file with the rules; it must succeed. */
export async function promtool(argv: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<void> {
  const root = await prometheusRoot()
  const libraries = path.join(root, 'usr/lib/x86_64-linux-gnu')
  // With the libraries that it was built for, whatever this machine has.
  const loader = path.join(libraries, 'ld-linux-x86-64.so.2')
  const program = ['--library-path', libraries, path.join(root, 'usr/bin/promtool')]
  const cwd = folderWith({ 'rules.yaml': alertRules(), ...files })
  const { code, stdout, stderr } = await run(loader, [...program, ...argv], { cwd })
  assert.equal(code, 0, `${stdout}${stderr}`)
}
