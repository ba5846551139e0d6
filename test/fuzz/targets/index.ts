import type { Target } from '../target.ts'
import { catalogueTargets } from './catalogues.ts'
import { erddapTargets } from './erddap.ts'
import { siteTargets } from './site.ts'
import { wireTargets } from './wire.ts'

/** Every parser of foreign bytes. */
export const targets: readonly Target[] = [
  ...erddapTargets,
  ...catalogueTargets,
  ...siteTargets,
  ...wireTargets,
]
