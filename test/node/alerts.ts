import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { folderWith } from '../harness/folders.ts'
import { run } from '../harness/program/run.ts'
import { prometheusRoot } from './root.ts'

/** The text of the alert rules in docs/monitoring.md. */
export function alertRules(): string {
  const [, rules] = /^## Alerts\n\n```yaml\n(.*?)^```$/ms.exec(readFileSync('docs/monitoring.md', 'utf8')) ?? []
  assert.ok(rules, 'docs/monitoring.md has no alert rules')
  return rules
}

interface Rule {
  readonly alert: string
  readonly expr: string
}

/** The alert rules in docs/monitoring.md. */
export function alerts(): readonly Rule[] {
  return parse(alertRules()).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
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
