/** One dataset of an ERDDAP from the list to its attempt: asked, decided, its rows handed on. */

import { isHarvesterError } from '../../errors.ts'
import type { Breaker } from '../../http/breaker.ts'
import { isConnectionFault } from '../../http/faults.ts'
import {
  type AttemptOutcome,
  type DatasetAbout,
  harvested as harvestedWith,
  skipped,
  unchanged,
} from '../../rules/attempt.ts'
import type { CatalogueChange } from '../../rules/catalogue-change.ts'
import { type DatasetPlan, decideFromListing, decideFromMetadata } from '../../rules/decisions.ts'
import { distinctNames, erddapOrganizations } from '../../rules/organizations.ts'
import type { ProfileRow } from '../../rules/profile.ts'
import { fact, type Warning } from '../../rules/reasons/index.ts'
import { suggestRemedies } from '../../rules/remedies/suggest.ts'
import { readable } from '../../rules/text.ts'
import { formatTime } from '../../rules/time.ts'
import type { Vocabularies } from '../../rules/vocabularies.ts'
import { failure } from '../fault.ts'
import type { DatasetListener, DatasetResult, Harvested } from '../kind.ts'
import { type ChangeDetection, inspectDataset } from './change.ts'
import type { ErddapClient, ScopeSettings } from './client.ts'
import { harvestProfiles } from './profiles.ts'
import { promisedByList } from './promised.ts'
import type { ServerAbilities } from './server-abilities.ts'
import type { DatasetMetadata, ListedDataset } from './types.ts'
import { datasetAddress, decodeUrl, infoPageUrl, isSameDataset } from './urls.ts'

/** What all datasets of one server share in one run. */
export interface ServerHarvest {
  client: ErddapClient
  skipList: ReadonlySet<string>
  vocabularies: Vocabularies
  abilities: ServerAbilities
  breaker: Breaker
  /** Absent where nothing is to be skipped and no fingerprint taken. */
  change?: ChangeDetection
  /** What the catalogue changes of an unchanged dataset. Absent where the catalogue is not to be had. */
  catalogueChange?: (listed: ListedDataset, metadata: DatasetMetadata) => Promise<CatalogueChange>
  /** Of one dataset, waits included; null for none. */
  datasetTimeoutMs: number | null
  /** Start of the run, epoch milliseconds. */
  now: number
  /** Where answers that are too long for memory may be spilled. */
  folder: string
  signal: AbortSignal
}

/** What the row of a dataset is made of. */
export interface ErddapDescription {
  plan: DatasetPlan
  globals: [string, string][]
  /** As the list has it. */
  title: string
}

export interface ErddapListener extends DatasetListener<ProfileRow> {
  /** The plan, when the metadata let the dataset through. */
  onPlan?(plan: DatasetPlan): void
}

/**
 * Harvests one dataset. What goes wrong with it is its outcome.
 * @throws HarvesterError CANCELLED, WRITE_FAILED: what concerns the whole run
 */
export async function harvestDataset(
  server: ServerHarvest,
  listed: ListedDataset,
  listener: ErddapListener,
): Promise<DatasetResult<ErddapDescription>> {
  const queryUrls: string[] = []
  const warnings: Warning[] = []
  let requests = 0
  let bytes = 0
  let known: DatasetMetadata | null = null
  const finish = (
    outcome: AttemptOutcome,
    harvested: Harvested<ErddapDescription> | null = null,
  ): DatasetResult<ErddapDescription> => ({
    outcome,
    harvested,
    verified: false,
    passing: null,
    warnings,
    remedies: suggestRemedies([...outcome.facts, ...warnings], known, server.vocabularies),
    about: aboutOf(listed, known),
    queryUrls,
    requests,
    bytes,
  })

  const early = decideFromListing(listed, server)
  if (early) {
    queryUrls.push(decodeUrl(infoPageUrl(server.client.baseUrl, listed.datasetId)))
    return finish(early)
  }

  const settings: ScopeSettings = {
    signal: server.signal,
    breaker: server.breaker,
    ...(server.datasetTimeoutMs !== null && { timeoutMs: server.datasetTimeoutMs }),
    onWarning: (detail) => warnings.push(fact('SERVER_REMARK', { detail })),
    onRequest(record) {
      requests += 1
      bytes += record.bytes
      const url = decodeUrl(record.url)
      // Attempts of one request are one entry.
      if (queryUrls.at(-1) !== url) queryUrls.push(url)
      listener.onRequest?.(record)
    },
  }
  const scope = server.client.scope(settings)

  try {
    const metadata = await scope.metadata(listed.datasetId)
    known = metadata
    const decision = decideFromMetadata({ listed, metadata, vocabularies: server.vocabularies })
    if (decision.kind === 'skip') return finish(decision.outcome)
    const { plan } = decision
    listener.onPlan?.(plan)
    // After the rules that the metadata decide, since they would decide the same of an unchanged dataset: whatever
    // they read is in its fingerprint. So no file list is asked for in vain.
    const inspection = await inspectDataset({
      client: server.client,
      settings,
      scope,
      change: server.change ?? withoutDetection,
      vocabularies: server.vocabularies,
      listed,
      metadata,
      now: server.now,
    })
    if (inspection.unchanged) {
      const { notes } = inspection.unchanged
      const catalogue = (await server.catalogueChange?.(listed, metadata)) ?? 'none'
      if (catalogue === 'none') return { ...finish(unchanged(...notes)), verified: true }
      if (catalogue === 'record')
        return { ...finish(harvestedWith(fact('RECORD_CHANGED', {}), ...notes)), verified: true }
    }
    warnings.push(...plan.warnings)
    const id = listed.datasetId
    const profiles = await harvestProfiles({
      plan,
      metadata,
      abilities: server.abilities,
      now: server.now,
      folder: server.folder,
      signal: server.signal,
      onRows: (rows) => listener.onRows(rows),
      listed: promisedByList(listed),
      isMirrored: (url) => isFederated(listed) && isOwn(server.client.baseUrl, id, url),
      queries: {
        distinct: (columns) => scope.distinct(id, columns),
        minMax: (groupBy, variable, also) => scope.minMax(id, groupBy, variable, also),
        count: (columns, groupBy, window) =>
          scope.count(
            id,
            columns,
            groupBy,
            window && { timeFrom: formatTime(window.from), timeTo: formatTime(window.to) },
          ),
      },
    })
    warnings.push(...profiles.warnings)
    if (profiles.rows === 0) return finish(skipped('NO_PROFILES_FOUND', profiles.empty))
    const content = inspection.conclude(profiles)
    const description = { plan, globals: [...metadata.globals], title: listed.title }
    return finish(harvestedWith(), { rows: profiles.rows, description, content })
  } catch (error) {
    if (server.signal.aborted || isHarvesterError(error, 'CANCELLED', 'WRITE_FAILED')) throw error
    if (queryUrls.length === 0) queryUrls.push(`${server.client.baseUrl}/info/${listed.datasetId}/index.csv`)
    return { ...finish(failure(error)), passing: passingOf(error) }
  }
}

function passingOf(error: unknown): DatasetResult['passing'] {
  if (isHarvesterError(error, 'ERDDAP_UNKNOWN_DATASET')) return 'unknown'
  if (isHarvesterError(error, 'HOST_UNAVAILABLE')) return 'unreachable'
  return isConnectionFault(error) && error.facts.permanent !== true ? 'unreachable' : null
}

function aboutOf(listed: ListedDataset, metadata: DatasetMetadata | null): DatasetAbout {
  return {
    title: readable(metadata?.globals.get('title')?.trim() || listed.title),
    organizations: metadata ? erddapOrganizations(metadata) : distinctNames([listed.institution]),
  }
}

const withoutDetection: ChangeDetection = {
  mode: 'off',
  settleMs: 0,
  maxAgeMs: 0,
  known: new Map(),
  abilities: new Map(),
  diskViews: null,
}

/** A dataset whose data are on another ERDDAP. */
export function isFederated({ row }: Pick<ListedDataset, 'row'>): boolean {
  return row.class === 'EDDTableFromErddap'
}

/** Whether an answer came from the dataset's own address; one without an address is taken for that. */
function isOwn(baseUrl: string, datasetId: string, url: string | undefined): boolean {
  const address = url === undefined ? null : datasetAddress(url)
  return address === null || isSameDataset(address, { baseUrl, datasetId })
}
