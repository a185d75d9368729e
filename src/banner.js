// The bundle begins with this, and any Node since 16.11 can parse all of it: an older one says so, and not where it stumbles.
// For an older target, private members would be rewritten: a review took 30 % more processor time.
// The bundle has neither `import` nor `export`, so that it runs as a module and as a script, whatever its file is called.
if (parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `refgrant: Node ${process.versions.node} is too old: run it with Node 24 or newer (https://nodejs.org)\n`,
  )
  process.exit(2)
}
// biome-ignore lint/correctness/noUnusedVariables: the rest of the bundle takes Node's own modules by it
var require = process.getBuiltinModule('node:module').createRequire(process.argv[1])
