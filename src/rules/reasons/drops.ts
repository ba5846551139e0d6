/** Why a row is left out of a dataset's profiles, in words. */

import { limits } from '../limits.ts'
import { counted, type Language, listed, numeral, type Text } from './words.ts'

const dropReasons = [
  'no_position',
  'no_time',
  'id_too_long',
  'time_outside',
  'latitude_outside',
  'longitude_outside',
  'pole',
  'antimeridian',
  'beyond_projection',
  'too_deep',
  'too_high',
  'start_after_end',
] as const
export type DropReason = (typeof dropReasons)[number]

/** Rows of one dataset that were left out for one reason; `ids` are the first of them. */
export interface DroppedRows {
  reason: DropReason
  count: number
  ids: readonly string[]
}

/** What is true of the row: "it has no position". Made when they are asked for: most runs need none of the numerals. */
const dropWords = (): Readonly<Record<DropReason, Text>> => ({
  no_position: { en: 'has no position', fr: 'n’a pas de position' },
  no_time: { en: 'has no start or end time', fr: 'n’a pas d’heure de début ou de fin' },
  id_too_long: {
    en: `has an id of more than ${limits.keyBytes} bytes`,
    fr: `a un identifiant de plus de ${limits.keyBytes} octets`,
  },
  time_outside: {
    en: 'has a time outside of the years 1 to 9999',
    fr: 'a une heure hors des années 1 à 9999',
  },
  latitude_outside: { en: 'has a latitude outside ±90', fr: 'a une latitude hors de ±90' },
  longitude_outside: { en: 'has a longitude outside ±180', fr: 'a une longitude hors de ±180' },
  pole: { en: 'lies on a pole', fr: 'est située sur un pôle' },
  antimeridian: { en: 'lies on the antimeridian', fr: 'est située sur l’antiméridien' },
  beyond_projection: {
    en: `lies beyond ±${limits.latitude}° of latitude, where maps end`,
    fr: `est située au-delà de ±${numeral('fr', limits.latitude)}° de latitude, où les cartes s’arrêtent`,
  },
  too_deep: {
    en: `is deeper than ${numeral('en', limits.deepestMetres)} m`,
    fr: `est à plus de ${numeral('fr', limits.deepestMetres)} m de profondeur`,
  },
  too_high: {
    en: `is higher than ${numeral('en', -limits.shallowestMetres)} m above the surface`,
    fr: `est à plus de ${numeral('fr', -limits.shallowestMetres)} m au-dessus de la surface`,
  },
  start_after_end: { en: 'starts after it ends', fr: 'commence après sa fin' },
})

export function dropSentence(language: Language, { reason, count, ids }: DroppedRows): string {
  const why = dropWords()[reason][language]
  const names = listed(language, ids, count)
  if (language === 'en')
    return `${counted('en', count, 'row', 'rows')} dropped, since ${count === 1 ? 'it' : 'each'} ${why}: ${names}`
  return count < 2
    ? `${counted('fr', count, 'ligne retirée', 'lignes retirées')}, car elle ${why} : ${names}`
    : `${counted('fr', count, 'ligne retirée', 'lignes retirées')}, car chacune ${why} : ${names}`
}

/** Records of OBIS that its own services leave out, too: those that say that nothing was found, and bad ones. */
export interface LeftOut {
  records: number
  absences: number
  dropped: number
}

export function leftOutSentence(language: Language, { records, absences, dropped }: LeftOut): string {
  const parts: string[] = []
  if (language === 'en') {
    if (absences > 0)
      parts.push(
        `${absences} of its ${counted('en', records, 'record', 'records')} ${absences === 1 ? 'says' : 'say'} that nothing was found`,
      )
    if (dropped > 0)
      parts.push(
        `${dropped} of its ${counted('en', records, 'record', 'records')} ${dropped === 1 ? 'is' : 'are'} dropped by OBIS for quality`,
      )
    return `${parts.join(', ')}; ${absences + dropped === 1 ? 'it was' : 'they were'} left out`
  }
  if (absences > 0)
    parts.push(
      `${absences} de ses ${counted('fr', records, 'enregistrement', 'enregistrements')} ${absences < 2 ? 'dit' : 'disent'} que rien n’a été trouvé`,
    )
  if (dropped > 0)
    parts.push(
      `${dropped} de ses ${counted('fr', records, 'enregistrement', 'enregistrements')} ${dropped < 2 ? 'est écarté' : 'sont écartés'} par OBIS pour ${dropped < 2 ? 'sa' : 'leur'} qualité`,
    )
  return `${parts.join(', ')}; ${absences + dropped === 1 ? 'il a été laissé' : 'ils ont été laissés'} de côté`
}
