/** Where addresses lead: to the public, or into the network that the harvester itself stands in. */

import { lookup as systemLookup } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { HarvesterError } from '../errors.ts'

/** Everything that IANA's special-purpose registries do not call global, and multicast. */
const inward = new BlockList()
// A list of its own: in one list an address of IPv4 is looked up as one of IPv6, too.
const inward6 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  inward.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  // Of IPv6 an eighth is public, 2000::/3; what is translated to IPv4 is looked at below.
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
] as const)
  inward6.addSubnet(network, prefix, 'ipv6')

/** Prefixes of IPv6 behind which an address of IPv4 stands: translated (two kinds) and 6to4. */
const embedding: readonly { prefix: readonly number[]; at: number }[] = [
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 1, 0, 0, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0x2002], at: 1 },
]

/** Whether an IP address is loopback, private, link-local or otherwise not of the public network. */
export function isInward(ip: string): boolean {
  const address = ip.replace(/^\[|\]$/g, '').replace(/%.*/s, '')
  const family = isIP(address)
  if (family === 0) return false
  if (family === 4) return inward.check(address, 'ipv4')
  const groups = groupsOf(address)
  const inside = embedding.find(({ prefix }) => prefix.every((group, at) => groups[at] === group))
  if (inside) {
    const [high = 0, low = 0] = groups.slice(inside.at)
    return inward.check([high >> 8, high & 255, low >> 8, low & 255].join('.'), 'ipv4')
  }
  return inward6.check(address, 'ipv6')
}

/** The eight groups of an IPv6 address, as the URL standard writes it. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const front = numbers(head)
  const back = numbers(tail ?? '')
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back]
}

/** Whether a host is inward: by its address, or by any that its name has. A name that nobody knows is none. */
export async function leadsInward(hostname: string): Promise<boolean> {
  if (isIP(hostname.replace(/^\[|\]$/g, ''))) return isInward(hostname)
  try {
    return (await lookup(hostname, { all: true })).some(({ address }) => isInward(address))
  } catch {
    return false
  }
}

/** An address that was refused because it leads inwards. */
export function inwardRefused(host: string, ip: string): HarvesterError {
  return new HarvesterError(
    'HTTP_BAD_ANSWER',
    `${host} is ${ip}, an address of this network, which is not asked`,
    {
      remedy:
        'A server on the public network may not lead there. If that is intended, configure the internal address itself.',
      facts: { host, inward: true },
    },
  )
}

/**
 * The look-up of a connection that may only go outwards: it fails where a name has any inward address, at the moment
 * of connecting, so that a name that changes between two look-ups gains nothing.
 */
export const outwardLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 4)
    const found = addresses.find(({ address }) => isInward(address))
    if (found) return callback(inwardRefused(hostname, found.address) as NodeJS.ErrnoException, '', 4)
    if (options.all) return callback(null, addresses)
    const [first] = addresses
    callback(null, first?.address ?? '', first?.family ?? 4)
  })
}
