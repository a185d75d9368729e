import { execFileSync } from 'node:child_process'

/** Builds the bundle, unless it is up to date. */
export function buildPackage(): void {
  execFileSync('make', ['--no-print-directory', 'bundle'], { stdio: 'ignore' })
}
