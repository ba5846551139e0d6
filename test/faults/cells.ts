/** The matrix: which fault is done to which real part, and how; or why it makes no sense. */
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freeze, type Program, throttle } from './programs.ts'
import type { WireFault } from './proxy.ts'
import type { Engine, Site, SiteOptions } from './site.ts'
import type { WireName, World } from './world.ts'

export const parts = [
  'worker',
  'standalone',
  'prefect',
  'postgresql',
  'erddap',
  'ckan',
  'disk',
  'clock',
] as const
export type Part = (typeof parts)[number]

export const faults = [
  'kill',
  'stop',
  'restart',
  'slow',
  'dripping',
  'nonsense',
  'cut',
  'reset',
  'refusing',
] as const
export type Fault = (typeof faults)[number]

export interface Disturbance {
  world: World
  site: Site
  random: () => number
  /** How long what lasts lasts. */
  seconds: number
  /** How long a stopped program is stopped. */
  stopSeconds: number
}

export interface Cell {
  part: Part
  fault: Fault
  /** What is done, as docs/reliability.md says it. */
  what: string
  disturb: (at: Disturbance) => Promise<void>
  /** What it can be met in: all of a run, its harvest alone, or its first seconds, so that it begins before. @default run */
  during?: 'run' | 'harvest' | 'start'
  /** The wire that is spoilt, for faults of one. */
  wire?: WireName
  /** @default drawn */
  engine?: Engine
  site?: Partial<SiteOptions>
}

/** A cell that makes no sense. */
export interface NoCell {
  part: Part
  fault: Fault
  reason: string
}

export const isCell = (cell: Cell | NoCell): cell is Cell => 'disturb' in cell

const named: Record<Part, string> = {
  worker: 'our worker',
  standalone: 'the standalone process',
  prefect: 'the Prefect server',
  postgresql: 'PostgreSQL',
  erddap: 'ERDDAP',
  ckan: 'CKAN',
  disk: 'the disk',
  clock: 'the clock',
}

const wireFaultOf: Partial<Record<Fault, { fault: WireFault; what: string }>> = {
  slow: { fault: 'slow', what: 'each piece comes late' },
  dripping: { fault: 'dripping', what: 'answers come byte by byte' },
  nonsense: { fault: 'nonsense', what: 'answers are random bytes' },
  cut: { fault: 'cut', what: 'answers end in the middle' },
  reset: { fault: 'reset', what: 'connections are reset' },
  refusing: { fault: 'refusing', what: 'no connection is taken, open ones are reset' },
}

const disks = { diskMegabytes: 48 }
const clocks = { clock: true }
const day = 86_400_000

function cellOf(part: Part, fault: Fault): Cell | NoCell {
  const base = { part, fault }
  if (part === 'disk') return { ...base, ...disk(fault) }
  if (part === 'clock') return { ...base, ...clock(fault) }
  const ours = part === 'worker' || part === 'standalone'
  const more: Partial<Cell> = {
    ...(ours && { engine: part === 'worker' ? 'prefect' : 'standalone' }),
    ...(part === 'prefect' && { engine: 'prefect' }),
    // No source is asked while a folder is loaded, and the catalogue in the first seconds of a run only.
    ...(part === 'erddap' && { during: 'harvest' }),
    ...(part === 'ckan' && { during: 'start' }),
  }
  const program = ({ world, site }: Disturbance): Program =>
    ours ? site.program : (world.programs[part as WireName] as Program)
  const wire = wireFaultOf[fault]
  switch (fault) {
    case 'kill':
      return {
        ...base,
        ...more,
        what: `${named[part]} is killed (SIGKILL) and started again up to 3 s later`,
        async disturb(at) {
          await program(at).kill()
          await sleep(at.random() * 3000)
          await program(at).start()
        },
      }
    case 'stop':
      return {
        ...base,
        ...more,
        what: `${named[part]} stands still (SIGSTOP)`,
        disturb: (at) => freeze(program(at), at.stopSeconds),
      }
    case 'restart':
      return {
        ...base,
        ...more,
        what: `${named[part]} is restarted (SIGTERM)`,
        disturb: (at) => program(at).restart(),
      }
    case 'slow':
      if (!ours) break
      return {
        ...base,
        ...more,
        what: `${named[part]} gets a fifth of its time`,
        disturb: (at) => throttle(program(at), at.seconds),
      }
  }
  if (ours || !wire)
    return { ...base, reason: 'it is the one that asks: its wires are spoilt in the rows of the servers' }
  return {
    ...base,
    ...more,
    wire: part as WireName,
    what: `${named[part]}: ${wire.what}`,
    async disturb({ world, seconds }) {
      const spoilt = world.wires[part as WireName]!
      await spoilt.set(wire.fault)
      await sleep(seconds * 1000)
      await spoilt.set(null)
    },
  }
}

type DiskOrClock = Omit<Cell, 'part' | 'fault'> | { reason: string }

function disk(fault: Fault): DiskOrClock {
  switch (fault) {
    case 'refusing':
      return {
        what: 'the disk is full (ENOSPC)',
        site: disks,
        async disturb({ site, seconds }) {
          const filler = join(site.folder, 'filler')
          for (let bytes = 1 << 20; bytes >= 1; bytes >>= 4) fill(filler, bytes)
          await sleep(seconds * 1000)
          rmSync(filler)
        },
      }
    case 'cut':
      return {
        what: 'the process ends (SIGKILL or SIGTERM), its temporary files and caches lose their ends, it is started again',
        async disturb({ site, random }) {
          await end(site, random)
          for (const file of scratchFiles(site))
            truncateSync(file, Math.floor(statSync(file).size * random()))
          await site.program.start()
        },
      }
    case 'nonsense':
      return {
        what: 'the process ends (SIGKILL or SIGTERM), its caches hold random bytes, it is started again',
        async disturb({ site, random }) {
          await end(site, random)
          for (const file of filesBelow(join(site.folder, 'cache')))
            writeFileSync(
              file,
              Buffer.from(Array.from({ length: statSync(file).size }, () => Math.floor(random() * 256))),
            )
          await site.program.start()
        },
      }
    case 'kill':
    case 'stop':
    case 'restart':
    case 'reset':
      return { reason: 'a disk has no process; what a lost one leaves is in the column “cut”' }
    default:
      return { reason: 'nothing waits for a disk with a time limit; a slow process is in the rows above' }
  }
}

function clock(fault: Fault): DiskOrClock {
  const moved = (
    what: string,
    move: (at: Disturbance) => readonly [offset: number, rate: number],
  ): DiskOrClock => ({
    what,
    site: clocks,
    async disturb(at) {
      await at.site.setClock(...move(at))
      await sleep(at.seconds * 1000)
      await at.site.setClock(0, 1)
    },
  })
  switch (fault) {
    case 'stop':
      return moved('the clock stands still', () => [0, 0])
    case 'slow':
      return moved('the clock goes at a tenth of its speed', () => [0, 0.1])
    case 'nonsense':
      return moved('the clock is years ahead', ({ random }) => [random() * 30 * 365 * day, 1])
    case 'cut':
      return moved('the clock jumps back, up to two days', ({ random }) => [-random() * 2 * day, 1])
    case 'reset':
      return moved('the clock is set to 1970', () => [-Date.now(), 1])
    default:
      return { reason: 'a clock cannot do that' }
  }
}

async function end(site: Site, random: () => number): Promise<void> {
  if (random() < 0.5) await site.program.kill()
  else await site.program.stop()
}

function fill(path: string, bytes: number): void {
  const piece = Buffer.alloc(bytes)
  for (;;)
    try {
      writeFileSync(path, piece, { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
}

/** What a run writes before its folder is complete, and what may be made again. */
function scratchFiles(site: Site): string[] {
  return [...site.folders().other, join(site.folder, 'cache')].flatMap(filesBelow)
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export const matrix: readonly (Cell | NoCell)[] = parts.flatMap((part) =>
  faults.map((fault) => cellOf(part, fault)),
)
export const cells: readonly Cell[] = matrix.filter(isCell)
