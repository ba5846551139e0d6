/** `npm run fuzz`: spoilt inputs for every parser of foreign bytes. `npm run fuzz -- --help` says the rest. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { targets } from './targets/index.ts'
import type { Message, Work } from './worker.ts'

const help = `npm run fuzz -- [options]

  --target NAME    only this parser (may be repeated)
  --runs N         cases over all chosen parsers (40000)
  --long           a million cases
  --seconds N      end after this time, whatever is left; every parser has its share of it
  --seed N         seed of the first case; the next ones have N+1, N+2… (the number of the day, times a million)
  --list           the parsers

A case that finds something is printed with its seed, made as small as it goes, and written to test-results/fuzz. Put it into
test/fuzz/cases to keep it: NAME.SEED.bin.
`
/** Far above what any case takes on a busy machine. */
const hangMs = 60_000
const root = resolve(import.meta.dirname, '../..')

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '40000' },
    long: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

interface Finding {
  seed: number
  verdict: string
  input: string | null
}

process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help || values.list) {
    process.stdout.write(values.help ? help : targets.map(({ name, what }) => `${name}: ${what}\n`).join(''))
    return 0
  }
  for (const name of values.target)
    if (!targets.some((target) => target.name === name)) throw new Error(`--target ${name}: see --list`)
  const chosen =
    values.target.length > 0 ? targets.filter(({ name }) => values.target.includes(name)) : targets
  const runs = values.long ? 1_000_000 : number('runs', values.runs)
  const seed =
    values.seed === undefined ? Math.floor(Date.now() / 86_400_000) * 1_000_000 : number('seed', values.seed)
  const seconds =
    values.seconds === undefined ? Number.MAX_SAFE_INTEGER / 1000 : number('seconds', values.seconds)
  const weights = chosen.reduce((sum, { weight }) => sum + weight, 0)
  const began = Date.now()
  const work = chosen.map(
    ({ name, weight }): Work => ({
      name,
      seed,
      cases: Math.ceil((runs * weight) / weights),
      mostMs: (seconds * 1000) / chosen.length,
    }),
  )
  let total = 0
  let bad = 0
  for (let from = 0; from < work.length; ) {
    // A thread that hung or broke is followed by another one for what is left.
    from += await workThrough(work.slice(from), ({ name }, cases, ms, findings) => {
      total += cases
      bad += findings.length
      const rate = ms > 0 ? Math.round((cases * 1000) / ms) : 0
      say(
        `${findings.length === 0 ? 'ok  ' : 'BAD '} ${name.padEnd(18)} ${String(cases).padStart(8)} cases ${(ms / 1000).toFixed(1).padStart(8)} s ${String(rate).padStart(7)}/s`,
      )
      for (const finding of findings) tell(name, finding)
    })
  }
  say(`${total} cases from seed ${seed}, ${bad} findings, ${Math.round((Date.now() - began) / 1000)} s`)
  return bad > 0 ? 1 : 0
}

type Told = (work: Work, cases: number, ms: number, findings: Finding[]) => void

/** Returns how many targets were dealt with, the one that hung or broke included. */
function workThrough(work: readonly Work[], told: Told): Promise<number> {
  const counter = new SharedArrayBuffer(12)
  const count = new Int32Array(counter)
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { work, counter } })
  const findings = work.map((): Finding[] => [])
  let done = 0
  return new Promise((resolve) => {
    let last = ''
    let since = Date.now()
    let targetSince = Date.now()
    const leave = () => {
      clearInterval(timer)
      void worker.terminate()
      resolve(done)
    }
    /** Ends with the case at work. */
    const blame = (verdict: string) => {
      const at = Atomics.load(count, 0)
      const begun = Atomics.load(count, 1)
      const one = work[at] as Work
      findings[at]?.push({ seed: one.seed + begun - 1, verdict, input: null })
      told(one, Math.max(0, begun - 1), Date.now() - targetSince, findings[at] ?? [])
      done = at + 1
      leave()
    }
    const timer = setInterval(() => {
      const now = `${Atomics.load(count, 0)} ${Atomics.load(count, 1)}`
      if (now !== last) {
        last = now
        since = Date.now()
      } else if (Date.now() - since > hangMs) blame(`does not end within ${hangMs / 1000} s`)
    }, 200)
    worker.on('message', (message: Message) => {
      since = Date.now()
      if (message.kind === 'finding') findings[message.at]?.push(message)
      else {
        told(work[message.at] as Work, message.cases, message.ms, findings[message.at] ?? [])
        done = message.at + 1
        targetSince = Date.now()
      }
    })
    worker.on('error', (error) => blame(`broke the thread: ${error.stack}`))
    worker.on('exit', leave)
  })
}

function tell(name: string, { seed, verdict, input }: Finding): void {
  say(`       npm run fuzz -- --target ${name} --seed ${seed} --runs 1`)
  say(`       ${verdict.slice(0, 1500)}`)
  if (input === null) return
  const folder = join(root, 'test-results/fuzz')
  mkdirSync(folder, { recursive: true })
  const bytes = Buffer.from(input, 'base64')
  writeFileSync(join(folder, `${name}.${seed}.bin`), bytes)
  say(`       ${bytes.length} bytes: ${JSON.stringify(bytes.toString().slice(0, 300))}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name}: ${text} is no whole number`)
  return value
}
