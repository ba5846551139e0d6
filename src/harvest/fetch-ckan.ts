import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import type { Database } from '../database/port.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import { cataloguedDatasets } from '../inventory/fingerprints.ts'
import { isBelievableCatalogue } from '../rules/evidence/index.ts'
import { type RunFact, runFact, runSentence } from '../rules/reasons/run.ts'
import { type TaskContext, task } from '../runs/index.ts'
import type { HarvestServices } from './services.ts'

interface Input {
  services: HarvestServices
  database: Database | null
  /** Believe a catalogue that lacks many of the datasets that the index has from it. */
  acceptShrink: boolean
}

/** What the catalogue gave, and why it is not believed, if so: then it is not complete either. */
export type FetchedCatalogue = CkanSnapshot & { doubt: RunFact | null }

/** The catalogue's records, fresh or from the cache; null where neither is to be had, which does not stop a harvest. */
export const fetchCkan = task({
  name: 'fetch-ckan',
  async run(input: Input, context): Promise<FetchedCatalogue | null> {
    const url = input.services.config.settings.ckan_url
    try {
      const snapshot = await input.services.ckan.snapshot(url, { signal: context.signal })
      for (const warning of snapshot.warnings) context.log.warn({ ckan: url }, warning)
      context.log.info(
        { ckan: url, records: snapshot.records.length, ageSeconds: snapshot.ageSeconds },
        'catalogue records at hand',
      )
      const doubt = snapshot.complete ? await doubtOf(snapshot, input, context) : null
      if (doubt === null) return { ...snapshot, doubt }
      const remedy =
        'If the catalogue really shrank, harvest once with --accept-catalogue, or set ckan_accept_shrink: true.'
      context.log.warn(
        { ckan: url, remedy },
        `${runSentence('en', [doubt])}; CKAN ids, titles and organizations stay as they are`,
      )
      return { ...snapshot, complete: false, doubt }
    } catch (error) {
      if (context.signal.aborted || isHarvesterError(error, 'CANCELLED')) throw error
      context.log.warn(
        { ckan: url, error },
        `the catalogue cannot be had (${describeError(error)}); titles and organizations of known datasets stay as they are`,
      )
      return null
    }
  },
})

/** A catalogue that is being indexed anew looks whole: only the index knows what it had. Null where it is believed. */
async function doubtOf(
  snapshot: CkanSnapshot,
  { database, acceptShrink }: Input,
  { log, signal }: TaskContext,
): Promise<RunFact | null> {
  if (!database || acceptShrink) return null
  try {
    const there = new Set(snapshot.records.map(({ id }) => id))
    let indexed = 0
    let lacking = 0
    for (const [id, datasets] of await cataloguedDatasets(database)) {
      indexed += datasets
      if (!there.has(id)) lacking += datasets
    }
    if (isBelievableCatalogue({ indexed, lacking })) return null
    return runFact('CATALOGUE_SHRUNK', { lacking, indexed })
  } catch (error) {
    if (signal.aborted) throw error
    log.warn({ error }, 'what the index has from the catalogue cannot be read')
    return runFact('CATALOGUE_UNCOMPARED', {})
  }
}
