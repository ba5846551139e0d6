/** WoRMS, the register of marine species: which taxon a name means, what people call it, and what it belongs to. */

import type { Breaker } from '../http/breaker.ts'
import type { HttpClient, HttpRecord } from '../http/client.ts'
import { badAnswer, readJson } from '../http/json.ts'

/** The taxon that a name was matched with. */
export interface WormsMatch {
  /** Of the accepted taxon. */
  aphiaId: number
  rank: string | null
}

export interface WormsVernaculars {
  en: string[]
  fr: string[]
}

export interface WormsScope {
  signal: AbortSignal
  breaker?: Breaker
  onRequest?: (record: HttpRecord) => void
}

export interface WormsClient {
  /**
   * The matches of some names, in their order; null where there is none. Names whose answer cannot be told apart are
   * asked one by one. @throws as the HTTP client; HTTP_BAD_ANSWER
   */
  match(names: readonly string[], scope: WormsScope): Promise<(WormsMatch | null)[]>
  /** In the order of WoRMS, each once. @throws as the HTTP client; HTTP_BAD_ANSWER */
  vernaculars(aphiaId: number, scope: WormsScope): Promise<WormsVernaculars>
  /** The ids above a taxon, root first. @throws as the HTTP client; HTTP_BAD_ANSWER */
  ancestors(aphiaId: number, scope: WormsScope): Promise<number[]>
}

/** Of an answer: many times what fifty names with all their homonyms take, and many are in flight at once. */
const mostBytes = 8 * 1024 * 1024
/** Characters of all names of a taxon in one language: some hundred names. */
const mostCharacters = 16 * 1024
/** A tree of life that is deeper than this goes in circles. */
const deepest = 200

export function createWormsClient({ http, baseUrl }: { http: HttpClient; baseUrl: string }): WormsClient {
  const base = `${baseUrl.replace(/(?<!\/)\/+$/, '')}/rest`

  /** Null for an answer without content, which is how WoRMS says "none". */
  async function ask(url: string, scope: WormsScope): Promise<unknown> {
    const answer = await http.text({
      url,
      headers: { accept: 'application/json' },
      maxBytes: mostBytes,
      ...scope,
    })
    return answer.status === 204 || answer.body.trim() === '' ? null : readJson(answer, url)
  }

  async function match(names: readonly string[], scope: WormsScope): Promise<(WormsMatch | null)[]> {
    if (names.length === 0) return []
    const url = matchUrl(base, names)
    const answer = await ask(url, scope)
    if (answer === null) return names.map(() => null)
    if (!Array.isArray(answer)) throw badAnswer(url, 'the answer is no list')
    if (names.length === 1) return [matchOf(answer.length > 0 ? answer[0] : null)]
    if (answer.length === names.length) return answer.map(matchOf)
    // A list of another length no longer says which name is which.
    const matches: (WormsMatch | null)[] = []
    for (const name of names) matches.push((await match([name], scope))[0] ?? null)
    return matches
  }

  return {
    match,

    async vernaculars(aphiaId, scope) {
      const url = `${base}/AphiaVernacularsByAphiaID/${aphiaId}`
      const answer = await ask(url, scope)
      if (answer === null) return { en: [], fr: [] }
      if (!Array.isArray(answer)) throw badAnswer(url, 'the answer is no list')
      return { en: namesOf(answer, 'eng'), fr: namesOf(answer, 'fra') }
    },

    async ancestors(aphiaId, scope) {
      const url = `${base}/AphiaClassificationByAphiaID/${aphiaId}`
      const answer = await ask(url, scope)
      if (answer === null) return []
      if (typeof answer !== 'object' || Array.isArray(answer)) throw badAnswer(url, 'the answer is no object')
      return ancestorsOf(answer, aphiaId)
    },
  }
}

/** The address that asks for several names. */
function matchUrl(base: string, names: readonly string[]): string {
  const query = names.map(
    (name) => `scientificnames%5B%5D=${encodeURIComponent(Buffer.from(name).toString())}`,
  )
  return `${base}/AphiaRecordsByMatchNames?${query.join('&')}&marine_only=false`
}

function matchOf(entry: unknown): WormsMatch | null {
  // Each entry is a list of matches, of which the first counts.
  const first: unknown = Array.isArray(entry) ? entry[0] : entry
  if (typeof first !== 'object' || first === null) return null
  const { valid_AphiaID: valid, AphiaID: own, rank, status } = first as Record<string, unknown>
  if (isWithdrawn(status, idOf(valid))) return null
  const aphiaId = idOf(valid) ?? idOf(own)
  return aphiaId === null ? null : { aphiaId, rank: (typeof rank === 'string' && plain(rank)) || null }
}

/** A record that WoRMS has taken back, or holds back without saying what is right instead, is no taxon. */
function isWithdrawn(status: unknown, validId: number | null): boolean {
  const word = typeof status === 'string' ? status.trim().toLowerCase() : ''
  return word === 'deleted' || (word === 'quarantined' && validId === null)
}

function namesOf(entries: readonly unknown[], language: string): string[] {
  const names = new Set<string>()
  let characters = 0
  for (const entry of entries) {
    const { vernacular, language_code: code } = (entry ?? {}) as Record<string, unknown>
    if (code !== language || typeof vernacular !== 'string') continue
    const name = plain(vernacular)
    if (name === '' || names.has(name)) continue
    characters += name.length
    if (characters > mostCharacters) break
    names.add(name)
  }
  return [...names]
}

/** Follows the chain of children down to the taxon; what is no id is passed over, a circle ends the chain. */
function ancestorsOf(root: object, aphiaId: number): number[] {
  const ids: number[] = []
  const seen = new Set<unknown>()
  let node: unknown = root
  for (let depth = 0; depth < deepest && typeof node === 'object' && node !== null; depth += 1) {
    const { AphiaID, child } = node as Record<string, unknown>
    const id = idOf(AphiaID)
    if (id === aphiaId || (id !== null && seen.has(id))) break
    if (id !== null) {
      seen.add(id)
      ids.push(id)
    }
    node = Array.isArray(child) ? child[0] : child
  }
  return ids
}

/** A number that PostgreSQL holds as int, and no id is 0. */
function idOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 2 ** 31
    ? number
    : null
}

/** One line of text that a database can hold: half of a surrogate pair is no character. */
function plain(text: string): string {
  return Buffer.from(text)
    .toString()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}
