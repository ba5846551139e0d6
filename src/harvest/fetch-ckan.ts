import type { CkanSnapshot } from '../catalogue/catalogue.ts'
import { describeError, isHarvesterError } from '../errors.ts'
import { task } from '../runs/index.ts'
import type { HarvestServices } from './services.ts'

/** The catalogue's records, fresh or from the cache; null where neither is to be had, which does not stop a harvest. */
export const fetchCkan = task({
  name: 'fetch-ckan',
  async run(input: { services: HarvestServices }, context): Promise<CkanSnapshot | null> {
    const url = input.services.config.settings.ckan_url
    try {
      const snapshot = await input.services.ckan.snapshot(url, { signal: context.signal })
      for (const warning of snapshot.warnings) context.log.warn({ ckan: url }, warning)
      context.log.info(
        { ckan: url, records: snapshot.records.length, ageSeconds: snapshot.ageSeconds },
        'catalogue records at hand',
      )
      return snapshot
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
