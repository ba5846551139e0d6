/** The title of a dataset, in English and French. */

import { readable } from './text.ts'
import type { DatasetWarning } from './warning.ts'

export interface TitleFound {
  title: string
  /** Only a catalogue has one. */
  titleFr: string | null
  warning: DatasetWarning | null
}

/** The catalogue's title if it has one, else the dataset's own, else its id, with a warning. All decoded. */
export function findTitle({
  datasetId,
  ownTitle,
  ckan,
}: {
  datasetId: string
  ownTitle: string
  ckan: { titleEn: string | null; titleFr: string | null } | null
}): TitleFound {
  const title = readable(ckan?.titleEn ?? '') || readable(ownTitle)
  const titleFr = readable(ckan?.titleFr ?? '') || null
  if (title !== '') return { title, titleFr, warning: null }
  const warning = { code: 'TITLE_MISSING', message: 'the dataset has no title; its id is used' } as const
  return { title: datasetId, titleFr, warning }
}
