/** Variables that are set and mean nothing here: those of the Python harvester and its portal, and misspelt ones. */
import { composeVariables } from './compose-variables.ts'
import { environmentVariables, standardVariables } from './environment.ts'
import { isSet } from './given.ts'

/**
 * Names of the Python harvester, its portal and its Compose files that mean something else here, or nothing; with what
 * to do instead. What means the same is read (`alias` in the table of variables) or has the same name.
 */
export const foreignNames: Readonly<Record<string, string>> = {
  REDIS_HOST: 'set REDIS_URL instead, as redis://redis:6379/0, if the portal’s cache is to be emptied',
  REDIS_PORT: 'it is part of REDIS_URL, as redis://redis:6379/0',
  REDIS_PASSWORD: 'it is part of REDIS_URL, as redis://:password@redis:6379/0',
  INCREMENTAL_MODE:
    'set the key `incremental` in the harvest configuration (it is true unless you say otherwise)',
  HARVEST_FLOW_NAME: 'flows have fixed names here; deployments are declared in config/deployments.yaml',
  HARVEST_DEPLOYMENT_NAME:
    'deployments are named by config/deployments.yaml: harvest-all, and one for each source',
  PREFECT_PORT:
    'set PREFECT_PUBLISHED_PORT for the port that Compose publishes, and PREFECT_API_URL for clients',
  PREFECT_HOST: 'set PREFECT_API_URL, as http://prefect:4200/api',
  NGINX_PORT: 'there is no nginx: set DASHBOARD_PUBLISHED_PORT for the port that Compose publishes',
  HARVESTER_CPU_LIMIT: 'change `deploy.resources` of the worker in a Compose override',
  DB_PASS: 'set DB_PASSWORD',
  DB_USERNAME: 'set DB_USER',
  DB_DATABASE: 'set DB_NAME',
  DB_HOST_INTERNAL: 'set DB_HOST',
  POSTGRES_USER: 'set DB_USER; Compose hands it to the database too',
  POSTGRES_PASSWORD: 'set DB_PASSWORD; Compose hands it to the database too',
  POSTGRES_DB: 'set DB_NAME; Compose hands it to the database too',
  CKAN_URL: 'set the key `ckan_url` in the harvest configuration',
  ERDDAP_URLS: 'set the key `erddap_urls` in the harvest configuration',
  CRON_SCHEDULE: 'set HARVESTER_CRON',
  HARVEST_CRON: 'set HARVESTER_CRON',
  HARVESTER_SCHEDULE: 'set HARVESTER_CRON',
  TZ: 'it is the zone of the process; schedules are in HARVESTER_TZ',
}
/** Set everywhere, so that only a `.env` of a site would make them worth a word. */
const ambient = new Set(['TZ', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'])

const known: readonly string[] = [
  ...Object.keys(environmentVariables),
  ...Object.keys(standardVariables),
  ...Object.keys(composeVariables),
]
const aliases: ReadonlySet<string> = new Set(
  Object.values(environmentVariables).flatMap((variable) => ('alias' in variable ? [variable.alias] : [])),
)

/** A sentence for each variable that somebody sets in vain. */
export function foreignNameWarnings(env: Readonly<Record<string, string | undefined>>): string[] {
  const set = Object.keys(env).filter((name) => isSet(env[name]))
  return set.flatMap((name) => {
    if (known.includes(name) || aliases.has(name) || ambient.has(name)) return []
    const instead = foreignNames[name]
    if (instead !== undefined) return [`${name} has no effect: ${instead}`]
    const meant = nearest(name)
    return meant === null || isSet(env[meant]) ? [] : [`${name} is not read: did you mean ${meant}?`]
  })
}

/** The variable of ours that a name is a slip of, if it is so near that nothing else can be meant. */
function nearest(name: string): string | null {
  // What another program may well read is no slip of ours.
  if (name.length < 7 || !/_/.test(name)) return null
  const upper = name.toUpperCase()
  const candidates = Object.keys(environmentVariables).filter((ours) => /_/.test(ours))
  const best = candidates
    .map((ours) => ({ ours, away: distance(upper, ours) }))
    .sort((one, other) => one.away - other.away)[0]
  return best !== undefined && best.away <= (name.length < 12 ? 1 : 2) ? best.ours : null
}

/** Letters to insert, remove, replace or swap with their neighbour to get from one word to another. */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same)
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[one.length]![other.length]!
}
