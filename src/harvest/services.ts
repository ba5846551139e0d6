/** What the flows work with, made once a process. */

import { dirname } from 'node:path'
import type { CkanCatalogue } from '../catalogue/catalogue.ts'
import type { HarvestConfig } from '../config/harvest.ts'
import type { Database } from '../database/port.ts'
import type { HttpClient } from '../http/client.ts'
import type { HarvestListener } from '../log/events.ts'
import type { RunLogFile } from '../log/log-file.ts'
import type { Vocabularies } from '../rules/vocabularies.ts'
import type { SourceParts } from '../sources/index.ts'
import type { Patience } from './patience.ts'

export interface HarvestServices {
  config: HarvestConfig
  http: HttpClient
  /** Answers of servers may come from the disk (`cache: true`): they prove nothing about the present. */
  answersFromDisk: boolean
  /** Where answers of sources may be kept between runs. */
  cacheFolder: string
  ckan: CkanCatalogue
  vocabularies: Vocabularies
  /** Opens the database on first use; null for a harvest that loads nothing. */
  database: (() => Promise<Database>) | null
  /** Whether runs are kept at a server, whose ids they have. */
  runsAtServer: boolean
  gitSha: string | null
  /** Folder of log files. */
  logDir: string
  logBaseUrl: string | null
  /** Where a person sees a flow run; null where no address is configured. */
  pageOfRun(flowRunId: string): string | null
  /** The environment of the process: for what the configuration names by variables, and for programs it starts. */
  variables: Readonly<Record<string, string | undefined>>
  allowFullReload: boolean
  listeners: readonly HarvestListener[]
  /** @default as patient as servers need it */
  patience?: Patience
  /** A list of datasets, or a count, that has not come whole by then is given up. */
  wholeAnswerMs: number
  /** Told of the log file of a run, so that its lines go there. */
  attachLogFile(flowRunId: string, file: RunLogFile): void
  detachLogFile(flowRunId: string): void
}

/** What kinds of sources are made from. */
export function sourceParts({
  config,
  http,
  cacheFolder,
}: Pick<HarvestServices, 'config' | 'http' | 'cacheFolder'>): SourceParts {
  return { http, settings: config.settings, configFolders: configFolders(config), cacheFolder }
}

/** Files are looked for beside the configuration, or where the program was started. */
export function configFolders({ origin }: Pick<HarvestConfig, 'origin'>): string[] {
  return [dirname(origin), process.cwd()]
}
