import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { newestOf } from '../../.build/image/debian.ts'

/** What a node consists of beside Kubernetes and the libraries of refgrant's image: its tools, then what nft links. */
const TOOLS = ['busybox-static', 'containerd', 'containernetworking-plugins', 'libseccomp2', 'nftables', 'runc']
const LIBRARIES = ['libbsd0', 'libedit2', 'libgmp10', 'libjansson4', 'libmd0', 'libmnl0', 'libnftables1', 'libnftnl11']
const MORE_LIBRARIES = ['libtinfo6', 'libxtables12']

const pins = await newestOf([...TOOLS, ...LIBRARIES, ...MORE_LIBRARIES], 'amd64')
writeFileSync(path.join(import.meta.dirname, 'pins.json'), `${JSON.stringify(pins, null, 2)}\n`)
