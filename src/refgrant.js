#!/usr/bin/env node
// The package begins with this file, which is not bundled: any Node since 13.2 can parse it, as a module and as a script, so
// that an older one says what it needs, and not where it stumbles in the rest.
if (parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `refgrant: Node ${process.versions.node} is too old: run it with Node 24 or newer (https://nodejs.org)\n`,
  )
  process.exit(2)
}
import('./chunks/cli.mjs')
