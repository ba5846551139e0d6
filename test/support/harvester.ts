/** A whole harvest in a test: the flow as commands run it, against look-alike servers, in a folder of its own. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { createProcess } from '../../src/app/services.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import type { Source } from '../../src/config/source.ts'
import type { Database } from '../../src/database/port.ts'
import { startCkan } from '../../src/demo/ckan.ts'
import { type HarvestParameters, harvestSourceFlow } from '../../src/flows/harvest-source.ts'
import type { Patience } from '../../src/harvest/patience.ts'
import type { TableName } from '../../src/inventory/contract.ts'
import type { HarvestEvent } from '../../src/log/events.ts'
import { silentLog } from '../../src/log/log.ts'
import type { Attempt } from '../../src/rules/attempt.ts'
import {
  createLocalBackend,
  type FlowResult,
  memoryStore,
  runFlow,
  systemRuntime,
} from '../../src/runs/index.ts'
import type { LogLine } from '../../src/runs/types.ts'

export interface Harvested {
  result: FlowResult
  events: HarvestEvent[]
  attempts: Attempt[]
  log: LogLine[]
  /** Of the run, null where none was completed. */
  folder: string | null
  /** Rows of a table of the folder, by column. */
  table(name: TableName | 'rejected'): Promise<Record<string, string>[]>
  /** `success`, or the reason, by dataset. */
  outcomes: Record<string, string>
}

export interface Harvester {
  folder: string
  run(
    parameters?: Partial<HarvestParameters>,
    options?: { signal?: AbortSignal; runId?: string; onEvent?: (event: HarvestEvent) => void },
  ): Promise<Harvested>
  close(): Promise<void>
}

export interface HarvesterOptions {
  /** As in a configuration file. */
  settings: Record<string, unknown>
  database?: Database
  /** Instead of those of the settings. */
  sources?: readonly Source[]
  oneShot?: boolean
  /** @default none: whoever does not answer is given up at once */
  patience?: Patience
  /** Lists and catalogues that have not come whole by then are given up. */
  wholeAnswerMs?: number
}

const noPatience: Patience = { hostPausesMs: [], unknownMs: 0, sleep: async () => {} }

export async function createHarvester({
  settings,
  database,
  sources: given,
  oneShot,
  patience = noPatience,
  wholeAnswerMs,
}: HarvesterOptions): Promise<Harvester> {
  const folder = await mkdtemp(join(tmpdir(), 'harvester-flow-'))
  const ckan = await startCkan({ records: [] })
  const read = readHarvestConfig({
    env: {
      HARVEST_CONFIG_YAML: JSON.stringify({
        ckan_url: ckan.url,
        folder: join(folder, 'harvest'),
        ...settings,
      }),
    },
    folder,
    // As a worker on another host, whose runs carry their source.
    sourcesOptional: true,
  })
  const config = { ...read, sources: given ?? read.sources }
  const environment = readEnvironment({
    HARVESTER_CACHE_DIR: join(folder, 'cache'),
    HARVESTER_LOG_DIR: join(folder, 'logs'),
    HARVESTER_DATA_DIR: folder,
  })
  let events: HarvestEvent[] = []
  let onEvent: ((event: HarvestEvent) => void) | undefined
  const parts = await createProcess({
    environment,
    config,
    log: silentLog,
    database: database ? async () => database : null,
    orchestrator: null,
    patience,
    ...(oneShot !== undefined && { oneShot }),
    ...(wholeAnswerMs !== undefined && { wholeAnswerMs }),
    listeners: [
      (event) => {
        events.push(event)
        onEvent?.(event)
      },
    ],
  })
  return {
    folder,
    async run(parameters = {}, options = {}) {
      events = []
      onEvent = options.onEvent
      const log: LogLine[] = []
      // The first id is that of the run: a run that is taken up again has the same.
      const ids = options.runId === undefined ? [] : [options.runId]
      const backend = createLocalBackend({
        store: memoryStore(),
        runtime: { ...systemRuntime, id: () => ids.shift() ?? randomUUID() },
      })
      const { sources } = config
      const result = await runFlow(
        backend,
        harvestSourceFlow(parts.services),
        { source: sources.length === 1 ? sources[0]!.url : null, ...parameters },
        { ...(options.signal && { signal: options.signal }), onLog: (line) => void log.push(line) },
      )
      const told = events
      const attempts = told.flatMap((event) => (event.type === 'dataset-attempted' ? [event.attempt] : []))
      const written = told.find((event) => event.type === 'folder-written')
      const path = written?.type === 'folder-written' ? written.folder : null
      return {
        result,
        events: told,
        attempts,
        log,
        folder: path,
        async table(name) {
          const text = await readFile(join(path ?? '', `${name}.csv`), 'utf8')
          return parse(text, { columns: true }) as Record<string, string>[]
        },
        outcomes: Object.fromEntries(
          attempts.map(({ datasetId, status, reason }) => [datasetId, reason ?? status]),
        ),
      }
    },
    async close() {
      await parts.close()
      await ckan.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
