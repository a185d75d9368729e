import { writeFileSync } from 'node:fs'
import { newestOf } from '../../.build/image/debian.ts'
import { PINS, type Pinned } from './pins.ts'

/** What a node consists of beside Kubernetes and the libraries of refgrant's image: its tools, then what nft links. */
const TOOLS = ['busybox-static', 'containerd', 'containernetworking-plugins', 'libseccomp2', 'nftables', 'runc']
const LIBRARIES = ['libbsd0', 'libedit2', 'libgmp10', 'libjansson4', 'libmd0', 'libmnl0', 'libnftables1', 'libnftnl11']
const MORE_LIBRARIES = ['libtinfo6', 'libxtables12']

const pins: Pinned = {
  node: await newestOf([...TOOLS, ...LIBRARIES, ...MORE_LIBRARIES], 'amd64'),
  prometheus: await newestOf(['prometheus', 'promtool'], 'amd64'),
}
writeFileSync(PINS, `${JSON.stringify(pins, null, 2)}\n`)
