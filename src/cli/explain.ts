import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Table from 'cli-table3'
import { Command, Option } from 'commander'
import { action, type Parts } from '../app/open.ts'
import { createCkanCatalogue } from '../catalogue/catalogue.ts'
import { type HarvestSettings, harvestSchema } from '../config/harvest-schema.ts'
import { normaliseSourceUrl } from '../config/source.ts'
import { loadVocabularies } from '../config/vocabularies.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { createBreaker } from '../http/breaker.ts'
import { createHttpClient, type HttpRecord } from '../http/client.ts'
import { formatCell } from '../inventory/cell.ts'
import { columnsWith } from '../inventory/contract.ts'
import type { AttemptOutcome } from '../rules/attempt.ts'
import { matchCkan } from '../rules/ckan.ts'
import type { ProfileRow } from '../rules/profile.ts'
import { adviceOf, type Language, languages, sentence, sentences } from '../rules/reasons/index.ts'
import { type Remedy, showRemedy } from '../rules/remedies/index.ts'
import { movingTypes } from '../rules/tracks/types.ts'
import { indexVocabularies } from '../rules/vocabularies.ts'
import { createErddapClient } from '../sources/erddap/client.ts'
import { harvestDataset } from '../sources/erddap/dataset.ts'
import { erddapKind } from '../sources/erddap/kind.ts'
import { unknownAbilities } from '../sources/erddap/server-abilities.ts'
import { movingHarvest } from '../sources/erddap/tracks/moving.ts'
import { decodeUrl } from '../sources/erddap/urls.ts'
import { amount, cut, visible } from '../text.ts'
import { sayLines } from './console.ts'
import { text, wholeNumber } from './options.ts'

/** The decisions in their order, as a person reads them. */
const decisions: readonly (readonly [reason: string, sentence: string])[] = [
  ['CDM_DATA_TYPE_UNSUPPORTED', 'cdm_data_type is TimeSeries, Profile or TimeSeriesProfile'],
  ['ON_SKIP_LIST', 'not on the skip list'],
  ['INGEST_FLAG_FALSE', 'cde_ingest is not false'],
  ['MISSING_REQUIRED_VARS', 'time, latitude and longitude are there'],
  ['NO_SUPPORTED_VARIABLES', 'a standard_name belongs to an ocean variable'],
  ['DEPTH_AND_ALTITUDE', 'not both depth and altitude'],
  ['MISSING_CF_ROLE', 'the cf_role that the type needs is there'],
  ['NO_PROFILES_FOUND', 'at least one profile is left'],
]

export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'try one dataset without writing anything: each decision, each request, the rows it would give',
    )
    .argument('<url>', 'the ERDDAP server')
    .argument('<dataset>', 'the dataset id')
    .option('--rows <number>', 'rows shown', wholeNumber({ least: 0, most: 1_000_000 }), 20)
    .option('--ckan-url <url>', 'join this CKAN catalogue too', text)
    .option('--moving-platforms <types>', 'types of moving platforms, separated by commas, or `all`', text)
    .option(
      '--moving-max-rows <number>',
      'at most so many rows of a moving platform',
      wholeNumber({ least: 1000, most: 10_000_000 }),
    )
    .addOption(
      new Option('--lang <language>', 'language of reasons, warnings and remedies')
        .choices([...languages])
        .default('en'),
    )
    .action(action(explain))
}

interface Flags {
  rows: number
  ckanUrl?: string
  movingPlatforms?: string
  movingMaxRows?: number
  lang: Language
}

async function explain(
  { signal, closing }: Parts,
  address: string,
  datasetId: string,
  flags: Flags,
): Promise<number> {
  const url = normaliseSourceUrl(address)
  const settings = settingsOf(flags)
  const http = createHttpClient()
  const folder = await mkdtemp(join(tmpdir(), 'harvester-explain-'))
  closing.add(() => rm(folder, { recursive: true, force: true }))
  closing.add(() => http.close())
  const onRequest = (record: HttpRecord) =>
    sayLines(
      `  ${record.method} ${visible(decodeUrl(record.url))}\n      ${record.status ?? record.error ?? 'no answer'}, ${Math.round(record.ms)} ms, ${amount(record.bytes, 'byte')}${record.attempt > 1 ? `, attempt ${record.attempt}` : ''}`,
    )
  const client = createErddapClient({
    http,
    baseUrl: url,
    maxBytes: settings.max_answer_megabytes * 1024 * 1024,
  })
  const vocabularies = indexVocabularies(loadVocabularies())
  sayLines('Requests')
  const listed = await client.scope({ signal, onRequest }).listDatasets()
  const entry = listed.find((candidate) => candidate.datasetId === datasetId)
  if (!entry) {
    throw new HarvesterError('USAGE', `${url} does not list a public tabular dataset "${datasetId}"`, {
      remedy: `It lists ${listed.length}: ${listed
        .slice(0, 10)
        .map((known) => known.datasetId)
        .join(', ')}${listed.length > 10 ? ', …' : ''}`,
    })
  }
  const rows: ProfileRow[] = []
  const now = new Date()
  const result = await harvestDataset(
    {
      client,
      vocabularies,
      abilities: unknownAbilities(),
      breaker: createBreaker(),
      skipList: new Set(),
      ...(settings.moving_platforms.length > 0 && {
        moving: movingHarvest({
          types: settings.moving_platforms,
          maxRows: settings.moving_max_rows,
          minHours: 0,
          harvestedAt: () => null,
        }),
      }),
      datasetTimeoutMs: settings.timeouts.dataset_seconds * 1000,
      now: now.getTime(),
      folder,
      signal,
    },
    entry,
    {
      onRequest,
      onRows: async (more) => {
        if (rows.length < flags.rows) rows.push(...more.slice(0, flags.rows - rows.length))
      },
    },
  )
  sayLines('\nDecisions')
  showDecisions(result.outcome, flags.lang, settings.moving_platforms)
  for (const warning of result.warnings) sayLines(`  ! ${sentence(flags.lang, warning)}`)
  showRemedies(result.outcome, result.remedies, flags.lang)
  if (result.harvested?.told) sayLines(`  = ${result.harvested.told.text}`)
  if (result.harvested) {
    const snapshot = flags.ckanUrl
      ? await createCkanCatalogue({ http, cacheDir: folder }).snapshot(flags.ckanUrl, {
          signal,
        })
      : null
    const ckan = snapshot
      ? (matchCkan(
          snapshot.records,
          url,
          listed.map((known) => known.datasetId),
        ).records.get(datasetId) ?? null)
      : null
    const { record, warnings } = erddapKind.record({
      erddapUrl: url,
      datasetId,
      description: result.harvested.description,
      rows: result.harvested.rows,
      vocabularies,
      ckan,
      content: { hash: null, reason: 'HASH_NOT_COMPUTED' },
      harvestedAt: now,
    })
    for (const warning of warnings) sayLines(`  ! ${sentence(flags.lang, warning)}`)
    sayLines('\nRow of datasets.csv')
    for (const [column, value] of Object.entries(record))
      sayLines(`  ${column.padEnd(24)}${visible(cut(formatCell(value)))}`)
    sayLines(`\nRows of profiles.csv (${rows.length} of ${result.harvested.rows})`)
    sayLines(profileTable(rows))
  }
  sayLines(
    `\n${amount(result.requests, 'request')} for the dataset, ${amount(result.bytes, 'byte')}. Nothing was written.`,
  )
  return result.outcome.status === 'error' ? exitCodes.failed : exitCodes.done
}

const todo = {
  en: { heading: '\nWhat can be done', change: 'In datasets.xml:', page: 'See' },
  fr: { heading: '\nCe qu’on peut faire', change: 'Dans datasets.xml :', page: 'Voir' },
} satisfies Record<Language, object>

/** The remedies of the dataset, as its page shows them; what to look at where nothing can be proposed. */
function showRemedies(outcome: AttemptOutcome, remedies: readonly Remedy[], language: Language): void {
  const words = todo[language]
  const shown = remedies.map((remedy) => showRemedy(language, remedy)).filter((remedy) => remedy !== null)
  if (outcome.reason === null && shown.length === 0) return
  sayLines(words.heading)
  if (outcome.reason !== null && !shown.some(({ of }) => of === outcome.reason))
    sayLines(`  ${adviceOf(language, outcome.reason)}`)
  for (const { text, change, page } of shown) {
    sayLines(`  ${visible(text)}`)
    if (change !== null) sayLines(`  ${words.change}\n${change.replace(/^/gm, '    ')}`)
    if (page !== null) sayLines(`  ${words.page} ${page}`)
  }
}

/** @throws HarvesterError USAGE for a type that does not exist */
function settingsOf({ movingPlatforms, movingMaxRows }: Flags): HarvestSettings {
  const found = harvestSchema.safeParse({
    ...(movingPlatforms !== undefined && {
      moving_platforms: movingPlatforms.split(',').map((type) => type.trim()),
    }),
    ...(movingMaxRows !== undefined && { moving_max_rows: movingMaxRows }),
  })
  if (found.success) return found.data
  throw new HarvesterError('USAGE', `--moving-platforms ${movingPlatforms}: there is no such type`, {
    remedy: `Types are ${movingTypes.join(', ')}, or all.`,
  })
}

/** Where platforms that move are asked for, these decide too. */
const movingDecisions: typeof decisions = [
  ['SERVER_TOO_OLD_FOR_TRACKS', 'the server can group by cells, if it moves'],
  ['TRACK_TOO_LARGE', 'the server can answer, whole or in parts, if it moves'],
]

function showDecisions(
  outcome: AttemptOutcome,
  language: Language,
  moving: HarvestSettings['moving_platforms'],
): void {
  const said = visible(
    outcome.facts.length > 0 ? sentences(language, outcome.facts) : (outcome.message ?? ''),
  )
  const reason = outcome.status === 'skipped' ? outcome.reason : null
  if (outcome.status === 'error') {
    sayLines(`  ✗ ${outcome.reason}: ${said}`)
    return
  }
  const taken = [
    ...decisions.slice(0, -1),
    ...(moving.length > 0 ? movingDecisions : []),
    ...decisions.slice(-1),
  ].map(([code, sentence]): [string, string] => [
    code,
    code === 'CDM_DATA_TYPE_UNSUPPORTED' && moving.length > 0
      ? `${sentence}, or ${moving.join(', ')}`
      : sentence,
  ])
  for (const [code, sentence] of taken) {
    if (code === reason) {
      sayLines(`  ✗ ${sentence}: skipped ${code}, ${said}`)
      return
    }
    sayLines(`  ✓ ${sentence}`)
  }
  sayLines('  → harvested')
}

function profileTable(rows: readonly ProfileRow[]): string {
  const columns = columnsWith('profiles', 'identity', 'place', 'data')
  const table = new Table({ head: [...columns], style: { head: [], border: [] } })
  for (const row of rows) table.push(columns.map((column) => visible(cut(formatCell(row[column])))))
  return table.toString()
}
