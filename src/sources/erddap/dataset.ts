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
import type { TrackRow } from '../../rules/tracks/track.ts'
import { isMovingType } from '../../rules/tracks/types.ts'
import type { Vocabularies } from '../../rules/vocabularies.ts'
import { failure } from '../fault.ts'
import type { DatasetListener, DatasetResult, Harvested } from '../kind.ts'
import { type ChangeDetection, inspectDataset } from './change.ts'
import type { ErddapClient, ErddapScope, ScopeSettings } from './client.ts'
import type { ProfileAnswer } from './profile-question.ts'
import { harvestProfiles } from './profiles.ts'
import { promisedByList } from './promised.ts'
import type { ServerAbilities } from './server-abilities.ts'
import { TooLarge } from './tracks/ask.ts'
import { describeTrackCounts } from './tracks/describe.ts'
import { harvestTracks } from './tracks/harvest.ts'
import { askedRecently, type MovingHarvest, movingRules, ungrouping } from './tracks/moving.ts'
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
  /** Platforms that move, where the site asks for them. */
  moving?: MovingHarvest
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
  /** Of a platform that moves. */
  tracks?: TrackRow[]
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

  const withoutRequest = (outcome: AttemptOutcome) => {
    if (queryUrls.length === 0)
      queryUrls.push(decodeUrl(infoPageUrl(server.client.baseUrl, listed.datasetId)))
    return finish(outcome)
  }
  const moving = server.moving?.types ?? []
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
    const early = decideFromListing(listed, { skipList: server.skipList, moving })
    if (early) return withoutRequest(early)
    const tooOld = await ungrouping(server.moving, scope, listed.cdmDataType)
    if (tooOld) return withoutRequest(tooOld)
    const metadata = await scope.metadata(listed.datasetId)
    known = metadata
    const decision = decideFromMetadata({ listed, metadata, vocabularies: server.vocabularies, moving })
    if (decision.kind === 'skip') return finish(decision.outcome)
    const { plan } = decision
    const tooOldForPlan = await ungrouping(server.moving, scope, plan.cdmDataType)
    if (tooOldForPlan) return finish(tooOldForPlan)
    listener.onPlan?.(plan)
    const inspect = () =>
      inspectDataset({
        client: server.client,
        settings,
        scope,
        change: server.change ?? withoutDetection,
        vocabularies: server.vocabularies,
        listed,
        metadata,
        rules: isMovingType(plan.cdmDataType) ? movingRules(server.moving) : undefined,
        now: server.now,
      })
    const recent = askedRecently(server.moving, server.now, { listed, metadata, plan })
    // After the rules that the metadata decide, since they would decide the same of an unchanged dataset: whatever
    // they read is in its fingerprint. So no file list is asked for in vain.
    const inspected = recent ? null : await inspect()
    const same = recent ? { notes: [recent] } : inspected?.unchanged
    if (same) {
      const { notes } = same
      const catalogue = (await server.catalogueChange?.(listed, metadata)) ?? 'none'
      if (catalogue === 'none') return { ...finish(unchanged(...notes)), verified: true }
      if (catalogue === 'record')
        return { ...finish(harvestedWith(fact('RECORD_CHANGED', {}), ...notes)), verified: true }
    }
    const inspection = inspected ?? (await inspect())
    warnings.push(...plan.warnings)
    const found = await askRows(server, scope, { plan, metadata, listed, listener })
    warnings.push(...found.answer.warnings)
    if (found.answer.rows === 0) return finish(skipped('NO_PROFILES_FOUND', found.answer.empty))
    const content = inspection.conclude(found.answer)
    const description = {
      plan: found.plan,
      globals: [...metadata.globals] as [string, string][],
      title: listed.title,
      ...(found.tracks && { tracks: found.tracks }),
    }
    return finish(harvestedWith(), {
      rows: found.answer.rows,
      description,
      content,
      ...(found.told && { told: found.told }),
    })
  } catch (error) {
    if (error instanceof TooLarge) return finish(skipped('TRACK_TOO_LARGE', error.values))
    if (server.signal.aborted || isHarvesterError(error, 'CANCELLED', 'WRITE_FAILED')) throw error
    if (queryUrls.length === 0) queryUrls.push(`${server.client.baseUrl}/info/${listed.datasetId}/index.csv`)
    return { ...finish(failure(error)), passing: passingOf(error) }
  }
}

interface FoundRows {
  answer: ProfileAnswer
  /** As it was carried out. */
  plan: DatasetPlan
  tracks?: TrackRow[]
  told?: Harvested['told']
}

/** The rows of a dataset, of what stands still or of what moves. */
async function askRows(
  server: ServerHarvest,
  scope: ErddapScope,
  {
    plan,
    metadata,
    listed,
    listener,
  }: { plan: DatasetPlan; metadata: DatasetMetadata; listed: ListedDataset; listener: ErddapListener },
): Promise<FoundRows> {
  const id = listed.datasetId
  const question = {
    plan,
    metadata,
    now: server.now,
    signal: server.signal,
    onRows: (rows: readonly ProfileRow[]) => listener.onRows(rows),
    listed: promisedByList(listed),
    isMirrored: (url: string | undefined) => isFederated(listed) && isOwn(server.client.baseUrl, id, url),
  }
  if (server.moving && isMovingType(plan.cdmDataType)) {
    const answer = await harvestTracks({
      ...question,
      dataset: listed,
      maxRows: server.moving.maxRows,
      answersItself: () => answersItself(scope, listed, server.signal),
      queries: {
        distinct: (columns) => scope.distinct(id, columns),
        grouped: (asked, span) => scope.grouped(id, asked, span ?? undefined),
      },
    })
    const told = { facts: { ...answer.counts }, text: describeTrackCounts(answer.counts) }
    return { answer, plan: answer.plan, tracks: answer.tracks, told }
  }
  const answer = await harvestProfiles({
    ...question,
    abilities: server.abilities,
    folder: server.folder,
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
  return { answer, plan }
}

/**
 * Whether a federated dataset is answered by this server itself, which applies functions twice. Where that cannot be
 * found out it is taken for one: the question for mirrors is right for others too, only without counts.
 */
async function answersItself(
  scope: ErddapScope,
  listed: ListedDataset,
  signal: AbortSignal,
): Promise<boolean> {
  if (!isFederated(listed)) return false
  try {
    return (await scope.origin(listed.datasetId)).kind === 'local'
  } catch (error) {
    if (signal.aborted || isHarvesterError(error, 'CANCELLED', 'WRITE_FAILED', 'HOST_UNAVAILABLE'))
      throw error
    return true
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
function isFederated({ row }: Pick<ListedDataset, 'row'>): boolean {
  return row.class === 'EDDTableFromErddap'
}

/** Whether an answer came from the dataset's own address; one without an address is taken for that. */
function isOwn(baseUrl: string, datasetId: string, url: string | undefined): boolean {
  const address = url === undefined ? null : datasetAddress(url)
  return address === null || isSameDataset(address, { baseUrl, datasetId })
}
