/** Platforms that move, as a site asks for them: what all datasets of one server share in one run. */

import { httpStatusFacts } from '../../../http/types.ts'
import { type AttemptOutcome, skipped } from '../../../rules/attempt.ts'
import type { DatasetPlan } from '../../../rules/decisions.ts'
import { isRealTime } from '../../../rules/fingerprint.ts'
import { fact, type Note } from '../../../rules/reasons/index.ts'
import { isMovingType, type MovingType } from '../../../rules/tracks/types.ts'
import { canGroup } from '../../../rules/tracks/version.ts'
import type { ErddapScope } from '../client.ts'
import type { DatasetMetadata, ListedDataset } from '../types.ts'

export interface MovingHarvest {
  types: readonly MovingType[]
  /** Rows of one dataset at most, but for the coarsest cells. */
  maxRows: number
  /** Datasets whose data go on arriving are asked again after so many hours. */
  minHours: number
  /** When the data of a dataset that the index has were last asked for, epoch milliseconds; null where nobody knows. */
  harvestedAt(datasetId: string): number | null
  /** Like `2.31`, asked once a server; null where it does not say. */
  version(scope: Pick<ErddapScope, 'version'>): Promise<string | null>
}

export function movingHarvest(settings: Omit<MovingHarvest, 'version'>): MovingHarvest {
  let asked: Promise<string | null> | null = null
  return {
    ...settings,
    version(scope) {
      if (asked) return asked
      const version = versionOf(scope)
      asked = version
      // A server that could not be reached may be asked for the next dataset.
      version.catch(() => {
        asked = null
      })
      return version
    },
  }
}

async function versionOf(scope: Pick<ErddapScope, 'version'>): Promise<string | null> {
  try {
    return await scope.version()
  } catch (error) {
    if (httpStatusFacts(error) !== null) return null
    throw error
  }
}

/** What gives other rows from the same answers: a part of the fingerprint. */
export function movingRules(moving: MovingHarvest | undefined): string | undefined {
  return moving && `moving ${[...moving.types].sort().join(',')} ${moving.maxRows}`
}

/** What stands against a platform that moves on this server: it must know how to group by steps. */
export async function ungrouping(
  moving: MovingHarvest | undefined,
  scope: Pick<ErddapScope, 'version'>,
  cdmDataType: string,
): Promise<AttemptOutcome | null> {
  if (!moving || !isMovingType(cdmDataType) || !moving.types.includes(cdmDataType)) return null
  const version = await moving.version(scope)
  return canGroup(version) ? null : skipped('SERVER_TOO_OLD_FOR_TRACKS', { version })
}

/** Of a platform that moves and whose data go on arriving, when it was asked a short while ago. */
export function askedRecently(
  moving: MovingHarvest | undefined,
  now: number,
  { listed, metadata, plan }: { listed: ListedDataset; metadata: DatasetMetadata; plan: DatasetPlan },
): Note | null {
  if (!moving || !isMovingType(plan.cdmDataType) || !isRealTime(metadata, listed)) return null
  const harvestedAt = moving.harvestedAt(listed.datasetId)
  if (harvestedAt === null) return null
  const ageHours = (now - harvestedAt) / hourMs
  return ageHours < moving.minHours ? fact('ASKED_RECENTLY', { ageHours, hours: moving.minHours }) : null
}

const hourMs = 3_600_000
