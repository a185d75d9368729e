import { folderWith } from '../folders.ts'
import { refgrant } from './cli.ts'

let made: Promise<string> | undefined

/** A folder with ca.crt, tls.crt and tls.key for 127.0.0.1, made once for this process as `refgrant certs` makes them. */
export function certificates(): Promise<string> {
  made ??= make()
  return made
}

async function make(): Promise<string> {
  const folder = folderWith({})
  const { code, stderr } = await refgrant(['certs', '--out', folder])
  if (code !== 0) throw new Error(`refgrant certs: exit code ${code}: ${stderr}`)
  return folder
}
