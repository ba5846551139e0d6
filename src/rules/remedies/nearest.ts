/** Which accepted standard name a variable most likely means: by its own words, never by the data. Pure. */

import type { OceanVariable } from '../vocabularies.ts'

export interface NearName {
  name: string
  /** The ocean variable that it would count for, the first in mapping order. */
  eov: string
  /** 0 to 1. */
  likeness: number
}

/** What owners write for what the names spell out. */
const spelledOut: Readonly<Record<string, string>> = {
  temp: 'temperature',
  tmp: 'temperature',
  sst: 'sea surface temperature',
  wtmp: 'water temperature',
  watr: 'water',
  wtr: 'water',
  sal: 'salinity',
  salin: 'salinity',
  psal: 'practical salinity',
  psu: 'practical salinity',
  oxy: 'oxygen',
  doxy: 'oxygen',
  o2: 'oxygen',
  chl: 'chlorophyll',
  chla: 'chlorophyll a',
  chlor: 'chlorophyll',
  fluor: 'chlorophyll',
  nox: 'nitrate',
  no3: 'nitrate',
  po4: 'phosphate',
  si: 'silicate',
  swh: 'significant wave height',
  hs: 'significant wave height',
  wvht: 'significant wave height',
  curr: 'current velocity',
  uvel: 'eastward velocity',
  vvel: 'northward velocity',
  co2: 'carbon dioxide',
  pco2: 'partial pressure carbon dioxide',
  turb: 'turbidity',
  ph: 'ph',
}

/** Words that are in nearly every name and tell nothing apart. */
const common = new Set(['in', 'of', 'at', 'the', 'due', 'to', 'sea', 'water', 'expressed', 'as', 'and'])

/** Below this a name is a shot in the dark, and none is better. */
const leastLikeness = 0.5

/**
 * The accepted names that are nearest to what is written (a standard name that is unknown, or a variable's names),
 * best first, at most `most`.
 */
export function nearestNames(
  written: readonly string[],
  oceanVariables: readonly OceanVariable[],
  most = 4,
): NearName[] {
  const eovOf = new Map<string, string>()
  for (const { name, standardNames } of oceanVariables)
    for (const standardName of standardNames) if (!eovOf.has(standardName)) eovOf.set(standardName, name)
  const wanted = written.filter((text) => text.trim() !== '')
  const found: NearName[] = []
  for (const [name, eov] of eovOf) {
    const likeness = Math.max(0, ...wanted.map((text) => likenessOf(text, name)))
    if (likeness >= leastLikeness) found.push({ name, eov, likeness })
  }
  return found
    .sort((a, b) => b.likeness - a.likeness || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, most)
}

/** By letters where they are nearly the same, else by the words that both have. */
export function likenessOf(written: string, name: string): number {
  const text = written
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
    .slice(0, 200)
  if (text === name) return 1
  const distance = editDistance(text, name)
  const byLetters = 1 - distance / Math.max(text.length, name.length)
  // A word of a short text may well be another word of the same length.
  return Math.max(byLetters >= 0.75 ? byLetters : 0, likenessByWords(text, name))
}

function likenessByWords(text: string, name: string): number {
  const mine = wordsOf(text)
  const theirs = wordsOf(name)
  const telling = [...mine].filter((word) => !common.has(word))
  if (telling.length === 0) return 0
  const shared = telling.filter((word) => theirs.has(word))
  if (shared.length === 0) return 0
  const precision = shared.length / telling.length
  const itsWords = [...theirs].filter((word) => !common.has(word))
  const recall = shared.length / Math.max(1, itsWords.length)
  const waters = [...mine].filter((word) => common.has(word) && theirs.has(word)).length
  // Between names that fit alike, the one that also shares the water they lie in.
  return Math.min(0.99, 0.65 * precision + 0.3 * recall + 0.02 * waters)
}

function wordsOf(text: string): Set<string> {
  const parts = text.split(/[^a-z0-9]+/).filter((part) => part !== '' && !/^\d+$/.test(part))
  return new Set(parts.flatMap((part) => (spelledOut[part] ?? part).split(' ')))
}

/** Levenshtein's, in one row. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 12) return Math.max(one.length, other.length)
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1))
    row = next
  }
  return row[other.length]!
}
