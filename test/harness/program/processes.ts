import { readdir, readFile } from 'node:fs/promises'

/** The command lines of the processes of this machine whose environment or command line holds a text; Linux only. */
export async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, environment] = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      )
      return `${command}${environment}`.includes(text) ? [`${pid} ${command?.replaceAll('\0', ' ')}`] : []
    }),
  )
  return found.flat()
}
