import type { Database } from '../../database/port.ts'
import { task } from '../../orchestration/index.ts'
import type { HarvestServices } from '../services.ts'
import type { HarvestRun, SourceListing } from './run.ts'

interface Input {
  services: HarvestServices
  database: Database
  run: HarvestRun
  folder: string
  listings: readonly SourceListing[]
  parameters: { incremental: boolean | null }
}

/** Loads the folder of the run into the database. Gives what a person must know of, or null. */
export const loadFolderTask = task({
  name: 'load',
  tags: ['database'],
  retries: 3,
  retryDelaySeconds: 30,
  async run(_input: Input): Promise<string | null> {
    return null
  },
})
