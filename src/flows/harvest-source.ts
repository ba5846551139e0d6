import { join } from 'node:path'
import { z } from 'zod'
import { waitForParameter } from '../config/operations-schema.ts'
import { slugApart } from '../config/slug.ts'
import { carriedSource, findSource, onlyIds, type Source, sourceOptionsSchema } from '../config/source.ts'
import type { Database } from '../database/port.ts'
import { describeError, HarvesterError } from '../errors.ts'
import { publishArtifacts, StatusTable } from '../harvest/artifacts.ts'
import { type AuditTrail, openAudit } from '../harvest/audit.ts'
import { checkClock } from '../harvest/check-clock.ts'
import { fetchCkan } from '../harvest/fetch-ckan.ts'
import { harvestDatasets } from '../harvest/harvest-datasets.ts'
import { runSlugOf } from '../harvest/kinds.ts'
import { listDatasets } from '../harvest/list-datasets.ts'
import { loadRunFolder } from '../harvest/load.ts'
import { loadedVerdict } from '../harvest/loaded-verdict.ts'
import { mergeAndWrite, writeRunTable } from '../harvest/merge-and-write.ts'
import { noteSources } from '../harvest/note-sources.ts'
import { forgetOldRuns } from '../harvest/retention.ts'
import type { DatasetEntry, HarvestRun, SourceListing } from '../harvest/run.ts'
import type { HarvestServices } from '../harvest/services.ts'
import { startWaits } from '../harvest/wait-for-source.ts'
import { insideFolder } from '../inside.ts'
import { executionId } from '../inventory/audit.ts'
import { claimParent, RunFolder, removeOldFolders } from '../inventory/folder.ts'
import { forgetHanded, handOver, takeOver } from '../inventory/handed-spool.ts'
import { Spool } from '../inventory/spool.ts'
import { tellAll } from '../log/events.ts'
import { RunLogFile, removeOldLogs } from '../log/log-file.ts'
import { type RunFact, runFact } from '../rules/reasons/run.ts'
import {
  noAttempts,
  runVerdict,
  sourceVerdict,
  type Verdict,
  verdict as verdictOf,
} from '../rules/verdict.ts'
import {
  type AbortReason,
  abortReason,
  completed,
  type FlowContext,
  failed,
  flow,
  type TaskHandle,
} from '../runs/index.ts'
import { scrub } from '../secrets.ts'
import { servicesFor } from './brought-source.ts'
import { namesOneSource, oneSourceMessage } from './one-source.ts'

export const harvestParameters = z
  .object({
    source: z
      .string()
      .nullable()
      .default(null)
      .describe('URL, host or slug of one source; empty for all sources in one run'),
    triggered_by: z.string().nullable().default(null).describe('Who or what started the run'),
    force: z.boolean().default(false).describe('Harvest datasets that are proven unchanged too'),
    dataset_ids: onlyIds(z.string()).default(null).describe('Only these datasets'),
    incremental: z.boolean().nullable().default(null).describe('Empty for what the configuration says'),
    allow_prune: z
      .boolean()
      .default(false)
      .describe('Remove more than the share of a source that the limits allow'),
    accept_catalogue: z
      .boolean()
      .default(false)
      .describe('Believe a CKAN catalogue that lacks many of the records that the index has'),
    wait_for: waitForParameter
      .nullable()
      .default(null)
      .describe(
        'What to wait for first; it wins over that of the source, key by key. Empty for what the source says',
      ),
    source_options: sourceOptionsSchema
      .nullable()
      .default(null)
      .describe('The source as the registering worker resolved it'),
  })
  .refine(namesOneSource, oneSourceMessage)
export type HarvestParameters = z.output<typeof harvestParameters>

/** The flow that harvests one source, or all of them in one run. */
export function harvestSourceFlow(services: HarvestServices) {
  return flow({
    name: 'Harvest Source',
    description:
      'Fetches dataset metadata from a source, joins the CKAN catalogue, writes the tables and loads them.',
    parameters: harvestParameters,
    runName: (parameters) => `harvest-${parameters.source === null ? 'full' : runSlug(parameters)}`,
    runFacts: (parameters) =>
      parameters.source === null ? {} : { source: namedSource(services, parameters).url },
    run: (parameters, run) => harvest(services, parameters, run),
  })

  function runSlug(parameters: HarvestParameters): string {
    try {
      const source = namedSource(services, parameters)
      return runSlugOf(source)
    } catch {
      return 'unknown'
    }
  }
}

/** A source as a deployment's parameters carry it, so that a remote worker needs no list of sources; else by name. */
function namedSource(services: HarvestServices, parameters: HarvestParameters): Source {
  if (parameters.source_options) return carriedSource(parameters.source_options, services.config.sources)
  return findSource(services.config.sources, parameters.source ?? '')
}

/**
 * A source under a slug of its own. What the configuration does not name keeps the slug that it has if no other had it
 * before: a worker without a list of sources has nothing else to tell `https://host/a` and `https://host/b` by.
 */
async function ownNamed({ config }: HarvestServices, source: Source): Promise<Source> {
  if (config.sources.some(({ url }) => url === source.url)) return source
  const isOwn = await claimParent(config.settings.folder, source.slug, source.url)
  if (isOwn || source.type !== 'erddap') return source
  return { ...source, slug: slugApart(source.slug, source.url) }
}

async function harvest(given: HarvestServices, parameters: HarvestParameters, context: FlowContext) {
  const { settings } = given.config
  const single = parameters.source === null ? null : await ownNamed(given, namedSource(given, parameters))
  const services = single && parameters.source_options ? await servicesFor(given, single) : given
  const sources = single ? [single] : services.config.sources
  if (sources.length === 0) throw new HarvesterError('SOURCE_UNKNOWN', 'there is no source to harvest')
  const slug = single ? single.slug : 'full'
  const startedAt = context.startedAt

  const logFile = new RunLogFile(services.logDir, slug, startedAt)
  services.attachLogFile(context.id, logFile)
  const statuses = new StatusTable()
  let verdict: Verdict = verdictOf(false, [runFact('BROKE_OFF', { detail: 'not finished' })])
  const undo: (() => Promise<void>)[] = []
  try {
    // The database is asked first: a harvest that cannot be loaded is not to cost anybody's server a request.
    const database = (await services.database?.()) ?? null
    if (database) undo.push(() => forgetOldRuns(database, settings.retention.attempts_days, context.log))
    if (database) await checkClock(database, context)
    const audit = openAudit(database, services, context.log)
    const folder = await RunFolder.open(settings.folder, slug, context.id)
    undo.push(() => leaveFolder(folder, context, database))
    if (database) await takeUp(database, folder, context)
    const spool = await Spool.open<DatasetEntry>(folder.path)
    undo.push(() => spool.close())
    const run: HarvestRun = {
      // A retry is a run of its own.
      runId: executionId(context.id, context.runCount),
      flowRunId: context.id,
      startedAt,
      scope: single ? 'single' : 'full',
      triggeredSource: single?.url ?? null,
      triggeredBy: parameters.triggered_by ?? context.createdBy ?? 'cli',
      slug,
      folder,
      spool,
      tell: tellAll([...services.listeners, statuses.listen, audit.listen], (error) =>
        context.log.error({ error }, 'an event could not be told'),
      ),
    }
    const startMs = performance.now()
    run.tell({
      type: 'run-started',
      runId: run.runId,
      flowRunId: context.id,
      scope: run.scope,
      sources: sources.map(({ url }) => url),
      at: startedAt,
    })
    undo.push(async () => {
      await audit.finish(run, verdict)
      run.tell({
        type: 'run-finished',
        runId: run.runId,
        ok: verdict.ok,
        message: verdict.message,
        facts: verdict.facts,
        ms: performance.now() - startMs,
      })
    })
    await audit.start(run)
    verdict = await harvestAndLoad({ services, parameters, context, sources, run, database, audit })
    return verdict.ok ? completed(verdict.message) : failed(verdict.message)
  } catch (error) {
    verdict = verdictOf(false, [interruption(context.signal) ?? brokeOff(error)])
    throw error
  } finally {
    for (const step of undo.reverse())
      await step().catch((error: unknown) => context.log.warn({ error }, 'could not clean up'))
    await publishArtifacts({
      context,
      slug,
      statuses,
      logFile,
      logBaseUrl: services.logBaseUrl,
      message: verdict.message,
    })
    logFile.flush()
    services.detachLogFile(context.id)
    await removeOldFolders(
      insideFolder(settings.folder, slug),
      {
        keep: settings.retention.folders,
        youngestHours: settings.retention.folder_hours,
        most: settings.retention.folders_most,
      },
      new Date(),
    )
    removeOldLogs(services.logDir, {
      days: settings.retention.logs_days,
      megabytes: settings.retention.logs_megabytes,
    })
  }
}

/** What one harvest works on. */
interface Work {
  services: HarvestServices
  parameters: HarvestParameters
  context: FlowContext
  sources: readonly Source[]
  run: HarvestRun
  database: Database | null
  audit: AuditTrail
}

/** The tasks of a harvest, one after the other or side by side, and what is to be said of them. */
async function harvestAndLoad(work: Work): Promise<Verdict> {
  const { services, parameters, context, sources, run, database } = work
  const { settings } = services.config
  const waits = startWaits(services, sources, parameters.wait_for, context)
  const listing = context.task(
    listDatasets,
    {
      services,
      database,
      run,
      flow: context,
      sources,
      waits,
      datasetIds: parameters.dataset_ids,
      allowPrune: parameters.allow_prune,
    },
    // Of several sources none waits for the others; each list waits for its own source.
    run.scope === 'single' ? { after: [...waits.values()], allowFailure: true } : {},
  )
  const catalogue = context.task(fetchCkan, {
    services,
    database,
    acceptShrink: parameters.accept_catalogue || settings.ckan_accept_shrink,
  })
  const pending = await listing
  const harvested = context.task(
    harvestDatasets,
    { services, database, run, pending, catalogue, skipUnchanged: isIncremental(work) && !parameters.force },
    { after: [listing] },
  )
  const results = await harvested
  const listings = await Promise.all(pending.map((source) => source.listing))
  const ckan = await catalogue
  let outcome = runVerdict(
    results.map(({ source, counts, listingError }) => ({
      source: source.url,
      ...sourceVerdict(counts ?? noAttempts, listingError),
    })),
  )
  if (ckan?.doubt) outcome = verdictOf(outcome.ok, [...outcome.facts, ckan.doubt])
  const merged = context.task(
    mergeAndWrite,
    { services, run, listings, ckan, verdict: outcome },
    { after: [harvested, catalogue] },
  )
  const folder = await merged
  if (!database || results.every(({ listingError }) => listingError !== null)) return outcome
  return load({ ...work, database }, { listings, merged, folder, outcome })
}

function isIncremental({ parameters, services }: Work): boolean {
  return parameters.incremental ?? services.config.settings.incremental
}

/** What the tables of a run are loaded with. */
interface Written {
  listings: readonly SourceListing[]
  /** The task that wrote them. */
  merged: TaskHandle<string>
  folder: string
  /** The verdict on the harvest. */
  outcome: Verdict
}

/** Loads what was written, and gives the verdict on both. */
async function load(
  work: Work & { database: Database },
  { listings, merged, folder, outcome: before }: Written,
): Promise<Verdict> {
  const { services, parameters, context, run, database, audit } = work
  let outcome = before
  // Only a run over all sources can say what no source holds any more.
  const full = run.scope === 'full' && !isIncremental(work)
  // The load brings in the attempts of the folder: none is to wait beside it.
  await audit.flush(run)
  const loaded = context.task(
    loadRunFolder,
    { services, database, run, folder, listings, full, allowPrune: parameters.allow_prune },
    { after: [merged] },
  )
  try {
    const summary = await loaded
    await audit.reject(run, summary.rejectedDatasets)
    await noteSources(database, listings, services, context)
    outcome = loadedVerdict(outcome, summary)
  } catch (error) {
    const detail = scrub(describeError(error))
    outcome = verdictOf(false, [...outcome.facts, runFact('NOT_LOADED', { detail })])
    await writeRunTable(run, join(folder, 'harvest_runs.csv'), services, outcome).catch(() => undefined)
    if (!context.signal.aborted) {
      context.log.error(
        { folder, remedy: `harvester load ${folder}` },
        'the folder is complete, but it was not loaded',
      )
    }
    throw error
  }
  return outcome
}

const keepsFolder: ReadonlySet<AbortReason> = new Set(['stopped', 'suspended', 'crashed', 'lost'])

/** Any worker may take up a run that is given back. */
const handsOver: ReadonlySet<AbortReason> = new Set(['stopped', 'suspended'])

/** What a crash or a stop leaves is taken up by the same run; what a person ended is wanted no more. */
async function leaveFolder(
  folder: RunFolder,
  context: FlowContext,
  database: Database | null,
): Promise<void> {
  const { id, log, signal } = context
  const reason = abortReason(signal)
  if (reason === null || !keepsFolder.has(reason)) {
    await folder.discard()
    if (database && context.runCount > 1) await forgetHanded(database, id)
    return
  }
  if (!database || !handsOver.has(reason)) return
  const outcome = await handOver(database, id, folder.path)
  if (outcome === 'handed')
    log.info({}, 'what was harvested so far is in the database, for whoever goes on with it')
  if (outcome === 'too large')
    log.warn(
      { folder: folder.path },
      'too much was harvested to hand it over: only this host goes on where it stopped',
    )
}

/** What another host harvested of this run before it was given back. Without it, the sources are asked again. */
async function takeUp(
  database: Database,
  folder: RunFolder,
  { id, log, runCount }: FlowContext,
): Promise<void> {
  if (runCount < 2) return
  try {
    if (await takeOver(database, id, folder.path))
      log.info({}, 'what another worker harvested of this run was taken over from the database')
  } catch (error) {
    log.warn(
      { error },
      `what another worker harvested of this run could not be taken over: ${describeError(error)}`,
    )
  }
}

/** Cancelled and crashed runs are `failed`, the word first in the message. */
function interruption(signal: AbortSignal): RunFact | null {
  const reason = abortReason(signal)
  if (reason === 'cancelled') return runFact('CANCELLED', {})
  if (reason === 'stopped') return runFact('STOPPED', {})
  if (reason === 'suspended') return runFact('PAUSED', {})
  if (reason === 'crashed' || reason === 'lost') return runFact('CRASHED', {})
  return null
}

function brokeOff(error: unknown): RunFact {
  return runFact('BROKE_OFF', { detail: scrub(describeError(error)) })
}
