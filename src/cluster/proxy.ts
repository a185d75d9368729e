import { BlockList, isIP } from 'node:net'
import { quote } from '../wording/quote.ts'

/** A proxy to the API server. */
export interface ProxyServer {
  readonly url: URL
  /** Where it is named, for messages. */
  readonly source: string
  /** The user and the password; undefined if the URL has neither. */
  readonly login?: { readonly userId: string; readonly password: string }
}

/** The schemes of proxies, as in kubectl, and their ports. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080 }

/** Returns the port of a proxy. */
export const portOf = ({ port, protocol }: URL) => Number(port) || PORTS[protocol] || 0

/** Returns the host of a URL as the system takes it: an IPv6 address without brackets. */
export const hostOf = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * Returns the proxy for a server: that of the kubeconfig, or else that of the environment.
 *
 * Source: k8s.io/client-go/transport, cache.go; golang.org/x/net/http/httpproxy.
 *
 * @throws Error if the proxy is not a URL with a known scheme
 */
export function proxyFor(server: URL, configured: string | undefined): ProxyServer | undefined {
  if (configured !== undefined) return proxyAt(configured, 'proxy-url of the kubeconfig')
  const name = ['HTTPS_PROXY', 'https_proxy'].find((one) => process.env[one])
  const named = name && process.env[name]
  if (!name || !named || !isProxied(server, process.env.NO_PROXY || process.env.no_proxy || '')) return undefined
  return proxyAt(named.includes('://') ? named : `http://${named}`, name)
}

function proxyAt(text: string, source: string): ProxyServer {
  const url = URL.parse(text)
  // The text may have a password, so it is not in the message.
  if (!url?.hostname || PORTS[url.protocol] === undefined)
    throw new Error(`${source} is not the URL of a proxy, http://, https:// or socks5://HOST:PORT`)
  return { url, source, ...loginIn(url, source) }
}

function loginIn(url: URL, source: string): Pick<ProxyServer, 'login'> {
  if (url.username === '' && url.password === '') return {}
  const decoded = (part: 'username' | 'password') => {
    try {
      return decodeURIComponent(url[part])
    } catch (error) {
      const title = part === 'username' ? 'user name' : part
      throw new Error(`${source} has a ${title} with a % that is not an escape of UTF-8: write %25 for a %`, {
        cause: error,
      })
    }
  }
  return { login: { userId: decoded('username'), password: decoded('password') } }
}

/** Whether requests to a server go through the proxy of the environment. As in Go, those to the own machine never do. */
function isProxied(server: URL, noProxy: string): boolean {
  const host = hostOf(server).toLowerCase()
  if (host === 'localhost' || LOOPBACK.check(host, familyOf(host))) return false
  const port = server.port || '443'
  const exceptions = noProxy.split(',').map((one) => one.trim().toLowerCase())
  return !exceptions.some((one) => one !== '' && isException(one, host, port))
}

/** Whether an entry of NO_PROXY names a host: `*`, a range of addresses, or an address or domain, which may have a port. */
function isException(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const [, address = '', bits] = /^(.*)\/(\d+)$/.exec(entry) ?? []
  // A range of IPv6 does not contain an IPv4 address, though the class below maps these.
  if (isIP(address) === 6 && isIP(host) === 4) return false
  if (isIP(address)) return rangeOf(address, Number(bits))?.check(host, familyOf(host)) ?? false
  const [, bracketed, plain = entry, itsPort] = /^(?:\[(.*)\]|([^:]*)):([^:]*)$/.exec(entry) ?? []
  const name = bracketed ?? plain
  if (itsPort !== undefined && itsPort !== '' && itsPort !== port) return false
  if (isIP(name)) return rangeOf(name, isIP(name) === 6 ? 128 : 32)?.check(host, familyOf(host)) ?? false
  const domain = name.replace(/^\*\./, '.')
  if (domain === '' || isIP(host)) return false
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

const familyOf = (host: string) => (isIP(host) === 6 ? 'ipv6' : 'ipv4')

function rangeOf(address: string, bits: number): BlockList | undefined {
  if (bits > (isIP(address) === 6 ? 128 : 32)) return undefined
  const list = new BlockList()
  list.addSubnet(address, bits, familyOf(address))
  return list
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Returns a proxy as messages name it, without its password. */
export const titleOf = ({ url, source }: ProxyServer) =>
  `the proxy ${quote(`${url.protocol}//${url.host}`)} (${source})`
