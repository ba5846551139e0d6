import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import type { CkanRecord } from '../catalogue/record.ts'
import { itemsCut } from '../inventory/cell.ts'
import type { Cell } from '../inventory/column.ts'
import type { TableName, TableRow } from '../inventory/contract.ts'
import type { SpoolKey } from '../inventory/spool.ts'
import { TableWriter } from '../inventory/writer.ts'
import { ckanRow } from '../rules/ckan.ts'
import { fact, sentence } from '../rules/reasons/index.ts'
import { sourceTypes } from '../rules/source-types.ts'
import type { Verdict } from '../rules/verdict.ts'
import { type TaskContext, task } from '../runs/index.ts'
import { type FurtherTable, kindOf } from '../sources/index.ts'
import { Tally } from '../text.ts'
import type { DatasetEntry, HarvestRun, SourceListing } from './run.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: HarvestServices
  run: HarvestRun
  listings: readonly SourceListing[]
  ckan: CkanSnapshot | null
  verdict: Verdict
}

/** Joins what was harvested with the catalogue and writes the tables of the run, ordered by source and dataset. */
export const mergeAndWrite = task({
  name: 'merge-and-write',
  async run(input: Input, context): Promise<string> {
    const { run } = input
    await run.spool.settled()
    await writeTables(input, context)
    await writeRunTable(run, run.folder.file('harvest_runs.csv'), input.services, input.verdict)
    await run.spool.remove()
    const folder = await run.folder.complete(run.startedAt)
    context.log.info({ folder }, 'tables written')
    run.tell({ type: 'folder-written', runId: run.runId, folder })
    return folder
  },
})

async function writeTables(input: Input, context: TaskContext): Promise<void> {
  const { run, services } = input
  const open: { close(): Promise<void> }[] = []
  const table = async <T extends TableName>(name: T): Promise<TableWriter<T>> => {
    const writer = await TableWriter.create(run.folder.file(`${name}.csv`), name)
    open.push(writer)
    return writer
  }
  try {
    const datasets = await table('datasets')
    const rowTables = { profiles: await table('profiles'), obis_cells: await table('obis_cells') }
    const skipped = await table('skipped')
    const verified = await table('verified')
    const attempts = await table('harvest_attempts')
    // Without a complete snapshot there is no ckan.csv, so that the loader leaves what it knows from the catalogue.
    const ckanTable = input.ckan?.complete ? await table('ckan') : null
    const further = new Map<FurtherTable, TableWriter<FurtherTable>>()
    for (const { source } of input.listings)
      for (const name of kindOf(source).furtherTables?.(source, services.config.settings) ?? [])
        if (!further.has(name)) further.set(name, await table(name))
    const ckan = matchSources(input, context)
    const uncovered = new Set<string>()
    const tellCut = ({ erddapUrl, datasetId }: SpoolKey, record: object) => {
      const items = itemsCut(Object.values(record) as Cell[])
      if (items > 0)
        context.log.warn(
          { source: erddapUrl, dataset: datasetId },
          sentence('en', fact('LIST_CUT', { items })),
        )
    }

    for await (const { key, entry, copyRows, rows } of run.spool.entries()) {
      context.signal.throwIfAborted()
      const { attempt } = entry
      await attempts.write(attemptRow(run, entry))
      const record = ckan.get(key.erddapUrl)?.get(key.datasetId) ?? null
      if (entry.verified) {
        await verified.write({
          erddap_url: key.erddapUrl,
          dataset_id: key.datasetId,
          verified_at: new Date(entry.asOf),
        })
      } else if (attempt.reason !== null) {
        await skipped.write({
          erddap_url: key.erddapUrl,
          dataset_id: key.datasetId,
          reason_code: attempt.reason,
        })
      }
      if (record && (attempt.status === 'success' || entry.verified)) {
        const row = ckanRow(key.erddapUrl, key.datasetId, record)
        if (ckanTable) tellCut(key, row)
        await ckanTable?.write(row)
      }
      if (entry.description === null) continue
      const type = attempt.source
      const built = kindOf({ type }).record({
        ...key,
        description: entry.description,
        rows,
        vocabularies: services.vocabularies,
        ckan: record,
        content: { hash: entry.contentHash, reason: entry.contentHashReason },
        harvestedAt: new Date(entry.asOf),
      })
      for (const name of built.uncoveredStandardNames ?? []) uncovered.add(name)
      for (const warning of built.warnings)
        context.log.warn({ source: key.erddapUrl, dataset: key.datasetId }, sentence('en', warning))
      tellCut(key, built.record)
      await datasets.write(built.record)
      await copyRows(rowTables[sourceTypes[type].rows])
      for (const [name, more] of Object.entries(built.further ?? {}) as [FurtherTable, readonly object[]][])
        for (const row of more)
          await further.get(name)?.write({
            erddap_url: key.erddapUrl,
            dataset_id: key.datasetId,
            ...row,
          } as TableRow<FurtherTable>)
    }
    if (uncovered.size > 0) {
      context.log.info(
        { standardNames: [...uncovered].sort() },
        `${uncovered.size} standard names of this run belong to no ocean variable yet`,
      )
    }
  } finally {
    for (const writer of open) await writer.close()
  }
}

/** Catalogue records by source and dataset. */
function matchSources(input: Input, context: TaskContext): Map<string, ReadonlyMap<string, CkanRecord>> {
  const found = new Map<string, ReadonlyMap<string, CkanRecord>>()
  if (!input.ckan) return found
  for (const { source, listedIds } of input.listings) {
    const { records, warnings } = kindOf(source).matchCatalogue(input.ckan.records, source, listedIds)
    const told = new Tally()
    for (const [dataset, warning] of warnings) told.add(`${dataset}: ${sentence('en', warning)}`)
    const said = told.sentence(
      (example) => example,
      (count, examples) => `${count} datasets have several catalogue records, for example ${examples}`,
    )
    if (said !== null) context.log.warn({ source: source.url }, said)
    found.set(source.url, records)
  }
  return found
}

function attemptRow(run: HarvestRun, { attempt }: DatasetEntry): TableRow<'harvest_attempts'> {
  return {
    run_id: run.runId,
    erddap_url: attempt.erddapUrl,
    dataset_id: attempt.datasetId,
    source: attempt.source,
    status: attempt.status,
    reason_code: attempt.reason,
    error_message: attempt.message,
    duration_ms: attempt.durationMs,
    attempted_at: new Date(attempt.attemptedAt),
    query_urls: attempt.queryUrls.join('\n'),
  }
}

/** The one row of harvest_runs.csv. */
export async function writeRunTable(
  run: HarvestRun,
  path: string,
  services: HarvestServices,
  verdict: Verdict,
): Promise<void> {
  const writer = await TableWriter.create(path, 'harvest_runs')
  try {
    await writer.write({
      run_id: run.runId,
      started_at: run.startedAt,
      finished_at: new Date(),
      git_sha: services.gitSha,
      status: verdict.ok ? 'ok' : 'failed',
      error_message: verdict.ok ? null : verdict.message,
      prefect_flow_run_id: services.runsAtServer ? run.flowRunId : null,
      scope: run.scope,
      triggered_source: run.triggeredSource,
      triggered_by: run.triggeredBy,
    })
  } finally {
    await writer.close()
  }
}
