/** The demo: look-alike servers on this machine, harvested on exactly the path of production. */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createConsole, interruptible } from '../cli/console.ts'
import { readEnvironment } from '../config/environment.ts'
import { type HarvestConfig, readHarvestConfig } from '../config/harvest.ts'
import { type DemoBiology, startDemoBiology } from '../demo/obis-sources.ts'
import { type DemoSources, startDemoSources } from '../demo/sources.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { harvestSourceFlow } from '../flows/harvest-source.ts'
import { populateVernacularsFlow } from '../flows/populate-vernaculars.ts'
import { defaultPatience } from '../harvest/patience.ts'
import type { LogLevel } from '../log/log.ts'
import { RunSummary } from '../log/summary.ts'
import { chooseOrchestrator } from '../runs/index.ts'
import { createServer, reserveAddress } from '../serve/server.ts'
import { type Closing, closing } from './closing.ts'
import { lazyDatabase } from './database.ts'
import { startEngine } from './engine.ts'
import { addressOf, serverOptions } from './service.ts'
import { createProcess } from './services.ts'

const folder = join('.data', 'demo')

export interface DemoOptions {
  once: boolean
  level: LogLevel | null
  port: number
}

/** Runs the demo; with `once` it ends after the summary. */
export async function startDemo(options: DemoOptions): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  say(`This is the demo: two small ERDDAP servers, a CKAN catalogue, OBIS and WoRMS look-alikes run on this machine and
are harvested into an embedded PostgreSQL/PostGIS in ${folder}. Nothing leaves this machine. To harvest servers of your own:

  npx harvester harvest --url https://erddap.example.org/erddap

or copy config/harvest.sample.yaml to config/harvest.yaml, name your servers there, and run npm start again.
`)
  const stop = interruptible()
  const open = closing()
  open.add(() => stop.dispose())
  try {
    return await runDemo(options, open, stop, say)
  } catch (error) {
    const code = stop.exitCode()
    if (code !== null) return code
    throw error
  } finally {
    await open.close()
  }
}

async function runDemo(
  options: DemoOptions,
  open: Closing,
  stop: ReturnType<typeof interruptible>,
  say: (line: string) => void,
): Promise<number> {
  // The demo is the same everywhere: the variables of a real site are none of its business.
  const environment = readEnvironment({
    HARVESTER_CACHE_DIR: join(folder, 'cache'),
    HARVESTER_LOG_DIR: join(folder, 'logs'),
    HARVESTER_DATA_DIR: folder,
    HARVESTER_HTTP_PORT: String(options.port),
  })
  makeFolder()
  const address = options.once ? undefined : await reserveAddress(addressOf(environment))
  if (address) open.add(() => address.close())
  const level = options.level ?? 'info'
  const { log, bars } = createConsole({ level, time: true, progress: true })
  open.add(() => bars?.stop())
  const database = lazyDatabase({ kind: 'embedded', dataFolder: folder }, log, stop.signal, {
    stays: !options.once,
  })
  open.add(() => database.close())
  // It takes some seconds of another thread; whoever needs it first is told if it fails.
  database.open().catch(() => undefined)
  const sources = await startDemoSources()
  open.add(() => sources.close())
  const biology = await startDemoBiology()
  open.add(() => biology.close())
  const config = demoConfig(sources, biology)
  const summary = new RunSummary()
  // Its runs are kept where the pages read them: no server is its business.
  const orchestrator = chooseOrchestrator({})
  const parts = await createProcess({
    environment,
    config,
    log,
    database: database.open,
    orchestrator,
    listeners: [summary.listen, ...(bars ? [bars.listen] : [])],
    // The dataset that its server does not know is unknown on purpose.
    patience: { ...defaultPatience, unknownMs: 0 },
    routes: new Map([...sources.routes, ...biology.routes]),
  })
  open.add(() => parts.close())
  const engine = await startEngine(orchestrator, {
    environment,
    services: parts.services,
    database: database.open,
    log,
    worker: 'demo',
    level,
    onLog: bars ? (line) => (line.level === 'info' ? undefined : parts.onLog(line)) : parts.onLog,
    onStop: 'crash',
    signal: stop.signal,
  })
  open.add(() => engine.stop())
  const result = await engine.run(harvestSourceFlow(parts.services), stop.signal)
  bars?.stop()
  if (stop.exitCode() !== null) return stop.exitCode()!
  if (result.error instanceof HarvesterError && !summary.folder) throw result.error
  say(`\n${summary.render()}`)
  say(`${result.state === 'COMPLETED' ? 'Completed' : 'Failed'}: ${result.message}`)
  const names = await engine.run(populateVernacularsFlow(parts.services), stop.signal)
  if (stop.exitCode() !== null) return stop.exitCode()!
  say(`Names of species: ${names.message}`)
  const code = result.state === 'COMPLETED' && names.state === 'COMPLETED' ? exitCodes.done : exitCodes.failed
  if (!address) return code
  const server = createServer(
    serverOptions({
      environment,
      config,
      parts,
      log,
      database: await database.open(),
      control: engine.control,
      pageOfRun: null,
    }),
    address,
  )
  open.add(() => server.close())
  say(`\nDashboard: ${(await server.listen()).replace(/(?<!\/)\/+$/, '')}/harvest   (Ctrl-C ends the demo)`)
  if (!stop.signal.aborted)
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }))
  return exitCodes.done
}

/** @throws HarvesterError WRITE_FAILED */
function makeFolder(): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new HarvesterError('WRITE_FAILED', `the folder ${resolve(folder)} of the demo cannot be written`, {
      cause,
      remedy: 'Start it in a folder where this user may write.',
    })
  }
}

function demoConfig(sources: DemoSources, biology: DemoBiology): HarvestConfig {
  const yaml = JSON.stringify({
    erddap_urls: sources.erddapUrls.map((url) => ({
      url,
      skip_dataset_ids: sources.skippedDatasets[new URL(url).host] ?? [],
    })),
    ckan_url: sources.ckanUrl,
    moving_platforms: 'all',
    ...biology.settings,
    folder: join(folder, 'harvest'),
  })
  return readHarvestConfig({ env: { HARVEST_CONFIG_YAML: yaml }, folder: process.cwd() })
}
