/** The title of a dataset, in English and French. */

import { fact, type Warning } from './reasons/index.ts'
import { readable } from './text.ts'

export interface TitleFound {
  title: string
  /** Only a catalogue has one. */
  titleFr: string | null
  warning: Warning | null
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
  return { title: datasetId, titleFr, warning: fact('TITLE_MISSING', {}) }
}
