import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'

/** Returns a tar archive of a folder: the same bytes each time, and for every user. */
export function tarOf(folder: string): Buffer {
  const file = `${folder}.tar`
  const order = ['--sort=name', '--format=gnu', `--mtime=@${timeOfSource()}`]
  const rights = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  execFileSync('tar', ['-cf', file, ...order, ...rights, '-C', folder, '.'])
  try {
    return readFileSync(file)
  } finally {
    rmSync(file)
  }
}

/** Returns the time of the last commit, or the time that the environment asks for, in s since 1970. */
export function timeOfSource(): number {
  return Number(
    process.env.SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct'], { encoding: 'utf8' }),
  )
}
