import { writeFileSync } from 'node:fs'
import { newestOf } from '../../.build/image/debian.ts'
import { PINS, type Pinned } from './pins.ts'

/** What a node consists of beside Kubernetes and the libraries of refgrant's image: its tools, then what nft links. */
const TOOLS = ['busybox-static', 'containerd', 'containernetworking-plugins', 'libseccomp2', 'nftables', 'runc']
const LIBRARIES = ['libbsd0', 'libedit2', 'libgmp10', 'libjansson4', 'libmd0', 'libmnl0', 'libnftables1', 'libnftnl11']
const MORE_LIBRARIES = ['libtinfo6', 'libxtables12']

/** Shells that complete command lines, beside the one that every Debian has, and the libraries that they link. */
const SHELLS = ['bash-completion', 'fish', 'fish-common', 'zsh', 'zsh-common']
const LIBRARIES_OF_SHELLS = ['libcap2', 'libpcre2-32-0', 'libpcre2-8-0', 'libtinfo6']

const pins: Pinned = {
  node: await newestOf([...TOOLS, ...LIBRARIES, ...MORE_LIBRARIES], 'amd64'),
  prometheus: await newestOf(['prometheus', 'promtool'], 'amd64'),
  shells: await newestOf([...SHELLS, ...LIBRARIES_OF_SHELLS], 'amd64'),
  arm64: await newestOf(['libatomic1'], 'arm64'),
}
writeFileSync(PINS, `${JSON.stringify(pins, null, 2)}\n`)
