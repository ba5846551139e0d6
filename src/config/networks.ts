/** Addresses and networks, as people list them. Pure. */
import { BlockList, isIP } from 'node:net'
import { HarvesterError } from '../errors.ts'

/**
 * The proxies whose X-Forwarded-For is believed.
 * @param networks addresses, or networks as `10.0.0.0/8`
 * @throws HarvesterError CONFIG_INVALID
 */
export function trustedProxies(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    try {
      if (bits === undefined) list.addAddress(address, family)
      else if (!/^\d{1,3}$/.test(bits)) throw new Error(`"${bits}" is no number of bits`)
      else list.addSubnet(address, Number(bits), family)
    } catch (cause) {
      throw new HarvesterError(
        'CONFIG_INVALID',
        `HARVESTER_TRUSTED_PROXIES: "${network}" is no address or network`,
        {
          cause,
          remedy: 'Write addresses or networks, as 10.0.0.2 or 10.0.0.0/8, separated by commas.',
        },
      )
    }
  }
  return (address) => {
    const plain = plainAddress(address)
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** IPv4 as IPv4, also where a socket for both kinds writes it as IPv6; without port and brackets. */
export function plainAddress(text: string): string {
  const bare =
    /^\[([^\]]{1,50})\](?::\d{1,5})?$/.exec(text)?.[1] ?? text.replace(/^([\d.]{7,15}):\d{1,5}$/, '$1')
  return bare.toLowerCase().replace(/^::ffff:(?=\d{1,3}\.)/, '')
}
