/** A TCP proxy on loopback that spoils a wire on demand: what lies behind it is real, and knows of nothing. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What happens to the bytes of the server; those of the client pass, but for `slow`, `silent` and `refusing`. */
export const wireFaults = ['slow', 'dripping', 'nonsense', 'cut', 'reset', 'refusing', 'silent'] as const
export type WireFault = (typeof wireFaults)[number]

export interface FaultProxy {
  readonly port: number
  /** Null heals. What was refused, cut or spoilt before stays so. */
  set(fault: WireFault | null): Promise<void>
  /** Pieces and connections that a fault has met since the last {@link FaultProxy.set} of one. */
  hits(): number
  /** Bytes since the start: from clients, and to them. */
  bytes(): { up: number; down: number }
  connections(): number
  /** Where connections go from now on. */
  retarget(port: number): void
  close(): Promise<void>
}

export interface ProxyOptions {
  /** Of the server, on loopback. */
  target: number
  /** @default 0, any free port */
  port?: number
  /** From 0 up to 1, for nonsense and for where an answer is cut. */
  random: () => number
  /** Milliseconds that `slow` holds each piece. @default 300 */
  slowMs?: number
  /** Milliseconds between two bytes of `dripping`. @default 100 */
  dripMs?: number
}

interface Link {
  client: Socket
  server: Socket
}

/** Starts a proxy; it listens when the promise resolves. */
export async function startFaultProxy(options: ProxyOptions): Promise<FaultProxy> {
  const { random, slowMs = 300, dripMs = 100 } = options
  const links = new Set<Link>()
  const moved = { up: 0, down: 0 }
  let target = options.target
  let fault: WireFault | null = null
  let healed = signal()
  let hits = 0
  let server: Server | null = null

  const resetAll = () => {
    for (const { client, server: behind } of links) {
      hits += 1
      client.resetAndDestroy()
      behind.destroy()
    }
  }

  /** Carries one piece; false when the link has ended with it. */
  async function carry(piece: Buffer, to: Socket, way: 'up' | 'down', link: Link): Promise<boolean> {
    moved[way] += piece.length
    const now = fault
    if (now !== null) hits += 1
    switch (now) {
      case 'slow':
        await sleep(slowMs)
        return write(to, piece)
      case 'silent':
        await healed.promise
        return write(to, piece)
      case 'dripping':
        if (way === 'up') return write(to, piece)
        for (let at = 0; at < piece.length; at++) {
          if (to.destroyed) return false
          if (fault !== 'dripping') return write(to, piece.subarray(at))
          await write(to, piece.subarray(at, at + 1))
          await Promise.race([sleep(dripMs), healed.promise])
        }
        return true
      case 'nonsense':
        return write(to, way === 'up' ? piece : Buffer.from(piece.map(() => Math.floor(random() * 256))))
      case 'cut':
        if (way === 'up') return write(to, piece)
        await write(to, piece.subarray(0, Math.floor(random() * piece.length)))
        to.end()
        link.server.destroy()
        return false
      case 'reset':
      case 'refusing':
        link.client.resetAndDestroy()
        link.server.destroy()
        return false
      case null:
        return write(to, piece)
    }
  }

  function pump(from: Socket, to: Socket, way: 'up' | 'down', link: Link): void {
    let last = Promise.resolve(true)
    from.on('data', (piece: Buffer) => {
      from.pause()
      last = last.then(async (goes) => {
        const more = goes && (await carry(piece, to, way, link))
        if (more) from.resume()
        return more
      })
    })
    from.on('end', () => void last.then((goes) => goes && to.end()))
    // Either end of a link may break at any time; the other one then has nobody to speak to.
    from.on('error', () => to.destroy())
    from.on('close', () => {
      if (from.errored) to.destroy()
    })
  }

  const accept = (client: Socket) => {
    const link: Link = { client, server: connect({ port: target, host: '127.0.0.1', noDelay: true }) }
    client.setNoDelay(true)
    links.add(link)
    pump(client, link.server, 'up', link)
    pump(link.server, client, 'down', link)
    client.on('close', () => {
      link.server.destroy()
      links.delete(link)
    })
    link.server.on('close', () => {
      if (link.server.errored) client.resetAndDestroy()
    })
  }

  async function listen(port: number): Promise<number> {
    const listening = createServer({ allowHalfOpen: true }, accept)
    listening.listen(port, '127.0.0.1')
    await once(listening, 'listening')
    server = listening
    return (listening.address() as AddressInfo).port
  }
  async function refuse(): Promise<void> {
    const listening = server
    if (listening === null) return
    server = null
    const closed = once(listening, 'close')
    listening.close()
    resetAll()
    await closed
  }

  const port = await listen(options.port ?? 0)
  return {
    port,
    async set(next) {
      fault = next
      healed.resolve()
      healed = signal()
      if (next !== null) hits = 0
      if (next === 'reset') resetAll()
      if (next === 'refusing') await refuse()
      else if (server === null) await listen(port)
    },
    hits: () => hits,
    bytes: () => ({ ...moved }),
    connections: () => links.size,
    retarget(next) {
      target = next
    },
    async close() {
      fault = null
      healed.resolve()
      await refuse()
    },
  }
}

function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Resolves when the socket takes more; false when it has gone. */
async function write(to: Socket, piece: Buffer): Promise<boolean> {
  if (to.destroyed || to.writableEnded) return false
  if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined)
  return !to.destroyed
}
