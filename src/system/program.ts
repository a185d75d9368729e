import path from 'node:path'

/** The file by which kubectl finds this program as its plugin. */
const PLUGIN = 'kubectl-refgrant'

/** What this program was started as: as a plugin of kubectl, or by its own name, whatever the name of its file. */
const isPlugin = path.basename(process.argv[1] ?? '').replace(/\.\w+$/, '') === PLUGIN

/** What a user writes to run this program. */
export const PROGRAM = isPlugin ? 'kubectl refgrant' : 'refgrant'

/** The file that a shell finds this program by. */
export const EXECUTABLE = isPlugin ? PLUGIN : 'refgrant'
