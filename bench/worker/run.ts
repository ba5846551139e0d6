/**
 * Our in-process worker against Prefect's own process worker: the same server, the same small flow, the same limit
 * of four runs at once. Prints times, memory, what a run costs the server in calls and processor time, ratios, and the
 * least that any worker could take.
 *
 *   PREFECT_BIN=… npx tsx bench/worker/run.ts [runs] [postgresql|sqlite] [ours]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createPrefectBackend,
  type PrefectBackend,
  type PrefectSettings,
  prefectSettings,
} from '../../src/runs/index.ts'
import { createDeploymentRun } from '../../src/runs/prefect/create-run.ts'
import { prefectBin, prefectEnvironment, startPrefect, waitUntil } from '../../test/support/prefect.ts'
import { startCountingProxy } from './counting-proxy.ts'
import { measureFloor } from './floor.ts'

const runs = Number(process.argv[2] ?? 40)
const database = process.argv[3] ?? 'postgresql'
/** Python's turn takes minutes. */
const onlyOurs = process.argv[4] === 'ours'
const limit = 4
/** Python's turn takes some three minutes for 40 runs on two cores; whatever hangs ends with this. */
const longestMinutes = 30
const root = resolve(import.meta.dirname, '../..')
const built = join(root, '.cache/bench-worker')

interface Measured {
  /** Of one small run. */
  calls: number
  processorMs: number
  toRunningMs: number
  totalSeconds: number
  idleMB: number
  perRunMB: number
}

const started = new Set<ChildProcess>()
const home = mkdtempSync(join(tmpdir(), 'bench-worker-'))
const server = await startPrefect({
  // The server asks the internet for the kinds of workers, and waits minutes where there is none: it is refused.
  HTTPS_PROXY: 'http://127.0.0.1:9',
  ...(database === 'sqlite' && {
    PREFECT_API_DATABASE_CONNECTION_URL: `sqlite+aiosqlite:///${home}/prefect.db`,
  }),
})
const proxy = await startCountingProxy(server.port)
const backend = createPrefectBackend({
  settings: prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings,
})
const watchdog = setTimeout(() => {
  console.error(`The benchmark takes longer than ${longestMinutes} min: given up`)
  stopAll()
  process.exit(1)
}, longestMinutes * 60_000)
try {
  build()
  const node = await withProcess(
    process.execPath,
    [join(built, 'bench/worker/worker.js')],
    { PATH: process.env.PATH ?? '', PREFECT_API_URL: proxy.apiUrl },
    'bench-node',
    (pid) => measure(backend, 'Bench Small/small', pid),
  )
  console.log('ours', node)
  const { id } = await backend.findDeployment('Bench Small/small')
  const floor = await measureFloor(backend, id, runs, limit)
  console.log(`floor: ${runs} runs created and proposed three states each, ${floor} s`)
  if (onlyOurs) process.exitCode = 0
  else await againstPython(node)
} finally {
  clearTimeout(watchdog)
  await backend.close()
  await proxy.close()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
}

async function againstPython(node: Measured): Promise<void> {
  const environment = prefectEnvironment(home, { PREFECT_API_URL: proxy.apiUrl }) as Record<string, string>
  const options = { env: environment, stdio: 'ignore', timeout: 180_000 } as const
  await backend.client.normal.POST('/work_pools/', { body: { name: 'bench-python', type: 'process' } })
  execFileSync(join(prefectBin(), '../python'), [join(root, 'bench/worker/flow.py')], {
    ...options,
    // Not counted, and not through the proxy.
    env: { ...environment, PREFECT_API_URL: server.apiUrl },
  })
  const python = await withProcess(
    prefectBin(),
    ['worker', 'start', '--pool', 'bench-python', '--type', 'process', '--limit', String(limit)],
    environment,
    'bench-python',
    (pid) => measure(backend, 'Bench Small Python/small', pid),
  )
  print(node, python)
}

/** Compiles the worker: a loader of TypeScript would be measured along. */
function build(): void {
  rmSync(built, { recursive: true, force: true })
  mkdirSync(built, { recursive: true })
  const config = join(built, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noEmit: false, outDir: built, rootDir: root },
      include: [join(root, 'bench/worker/worker.ts')],
      exclude: [],
    }),
  )
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' })
}

function stopAll(): void {
  for (const child of started) child.kill('SIGKILL')
  const pid = server.pid()
  if (pid !== null) process.kill(pid, 'SIGKILL')
}

async function withProcess(
  command: string,
  args: string[],
  environment: Record<string, string>,
  pool: string,
  work: (pid: number) => Promise<Measured>,
): Promise<Measured> {
  const child: ChildProcess = spawn(command, args, { env: environment, stdio: 'ignore' })
  started.add(child)
  try {
    await waitUntil(
      `the worker of ${pool}`,
      async () => {
        const { data } = await backend.client.once.GET('/work_pools/{name}', {
          params: { path: { name: pool } },
        })
        return data?.status === 'READY'
      },
      120_000,
    )
    return await work(child.pid as number)
  } finally {
    started.delete(child)
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await Promise.race([gone, sleep(20_000).then(() => child.kill('SIGKILL'))])
  }
}

async function measure(api: PrefectBackend, deployment: string, pid: number): Promise<Measured> {
  const warm = await api.submit({ deployment, parameters: {} })
  await waitUntil('the warming up', async () => (await api.readRun(warm.id))?.endedAt != null)
  await sleep(3000)
  const idleMB = memoryMB([pid])

  const delays: number[] = []
  for (let round = 0; round < 5; round++) {
    const before = Date.now()
    const { id } = await api.submit({ deployment, parameters: {} })
    await waitUntil('the run', async () => (await api.readRun(id))?.endedAt != null, 60_000, 100)
    delays.push(((await api.readRun(id))?.startedAt?.getTime() ?? 0) - before)
  }

  const { id: deploymentId } = await api.findDeployment(deployment)
  const many: string[] = []
  proxy.take()
  const processor = processorSeconds(server.pid())
  const before = Date.now()
  // Straight, and waited for with one small question: what the measuring costs the server is not the worker's.
  for (let run = 0; run < runs; run++)
    many.push((await createDeploymentRun(api.client, deploymentId, { parameters: {} })).id)
  await waitUntil('all runs', async () => (await countCompleted(many)) === runs, 900_000, 250)
  const totalSeconds = (Date.now() - before) / 1000
  const processorMs = ((processorSeconds(server.pid()) - processor) * 1000) / runs
  const asked = [...proxy.take()].sort(([, a], [, b]) => b - a)
  const calls = asked.reduce((sum, [, count]) => sum + count, 0) / runs
  for (const [what, count] of asked.slice(0, 16))
    console.log(`  ${(count / runs).toFixed(2).padStart(6)} ${what}`)
  for (const id of many) {
    const run = await api.readRun(id)
    if (run?.runCount !== 1) throw new Error(`${id} was executed ${run?.runCount} times`)
  }

  const long: string[] = []
  for (let run = 0; run < limit; run++)
    long.push((await api.submit({ deployment, parameters: { seconds: 12 } })).id)
  for (const id of long)
    await waitUntil('long runs', async () => (await api.readRun(id))?.state.type === 'RUNNING', 60_000, 100)
  await sleep(4000)
  // What a run costs: its own processes in Python, what the worker grew by in ours.
  const children = descendants(pid)
  const grownMB = children.length > 0 ? memoryMB(children) : Math.max(0, memoryMB([pid]) - idleMB)
  const perRunMB = grownMB / limit
  for (const id of long)
    await waitUntil('the end', async () => (await api.readRun(id))?.endedAt != null, 60_000)
  delays.sort((a, b) => a - b)
  return { toRunningMs: delays[2] as number, totalSeconds, idleMB, perRunMB, calls, processorMs }
}

async function countCompleted(ids: string[]): Promise<number> {
  const answer = await fetch(`${server.apiUrl}/flow_runs/count`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ flow_runs: { id: { any_: ids }, state: { type: { any_: ['COMPLETED'] } } } }),
    signal: AbortSignal.timeout(30_000),
  })
  return Number(await answer.json())
}

/** What a process has used of a processor so far. */
function processorSeconds(pid: number | null): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command in parentheses may hold blanks: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // gone meanwhile
    }
  }
  const found: number[] = []
  const visit = (of: number) => {
    for (const [child, parent] of parents)
      if (parent === of) {
        found.push(child)
        visit(child)
      }
  }
  visit(pid)
  return found
}

/** Resident memory. */
function memoryMB(pids: number[]): number {
  let kilobytes = 0
  for (const pid of pids) {
    try {
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // gone meanwhile
    }
  }
  return kilobytes / 1024
}

function print(node: Measured, python: Measured): void {
  const row = (what: string, ours: number, theirs: number, unit: string) =>
    console.log(
      `${what.padEnd(34)} ${ours.toFixed(1).padStart(9)} ${theirs.toFixed(1).padStart(9)} ${unit.padEnd(4)} ${ours < 0.05 ? '' : `${(theirs / ours).toFixed(1).padStart(6)}x`}`,
    )
  console.log(`${''.padEnd(34)} ${'ours'.padStart(9)} ${'process'.padStart(9)}       ratio`)
  row('create_flow_run to Running, median', node.toRunningMs, python.toRunningMs, 'ms')
  row(`${runs} small runs, ${limit} at once`, node.totalSeconds, python.totalSeconds, 's')
  row('calls of a small run', node.calls, python.calls, '')
  row('processor of the server, a run', node.processorMs, python.processorMs, 'ms')
  row('idle worker', node.idleMB, python.idleMB, 'MB')
  row('memory of one more run', node.perRunMB, python.perRunMB, 'MB')
}
