import { readFileSync } from 'node:fs'

/** The profile that podman and Docker give containers by default. It comes with buildah. */
const PROFILE = '/usr/share/containers/seccomp.json'

/** When a rule of the profile counts. */
interface Condition {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
}

interface Rule {
  readonly includes?: Condition
  readonly excludes?: Condition
}

/** Returns the profile for a container without capabilities, as runc reads it. */
export function defaultSeccomp(): object {
  const { defaultAction, defaultErrnoRet, syscalls } = JSON.parse(readFileSync(PROFILE, 'utf8'))
  const counts = ({ includes = {}, excludes = {} }: Rule) =>
    !includes.caps && (includes.arches?.includes('amd64') ?? true) && !excludes.arches?.includes('amd64')
  const rules = syscalls.filter(counts).map(({ includes, excludes, comment, ...rule }: Record<string, unknown>) => rule)
  const architectures = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']
  return { defaultAction, defaultErrnoRet, architectures, syscalls: rules }
}
