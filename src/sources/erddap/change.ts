/**
 * Proof that a dataset is what it was at its last good harvest, with as few requests as it takes: its metadata, which
 * are asked for anyway, and the list of its source files, which takes one more request where the server has manifests.
 * Metadata alone prove nothing: a row in the middle of a file changes none of them.
 */
import { createHash } from 'node:crypto'
import { isHarvesterError } from '../../errors.ts'
import {
  type ContentFingerprint,
  filesText,
  hasFileFacts,
  isRealTime,
  listRowText,
  metadataText,
  type NoHashReason,
  newestFileTime,
  rulesVersion,
  trustPrefix,
  vocabularyText,
} from '../../rules/fingerprint.ts'
import { fact, type Note } from '../../rules/reasons/index.ts'
import type { Vocabularies } from '../../rules/vocabularies.ts'
import type { ErddapClient, ErddapScope, ScopeSettings } from './client.ts'
import type { DatasetMetadata, ListedDataset, SourceFile, SourceFiles } from './types.ts'

/** What is known of a dataset from its last good harvest. */
export interface KnownFingerprint {
  contentHash: string | null
  /** When its data were last asked for, epoch milliseconds; only trust in metadata looks at it. */
  harvestedAt: number | null
}

/** How one server's datasets are checked, in one run. */
export interface ChangeDetection {
  mode: 'auto' | 'metadata' | 'off'
  /** How long the newest source file must have been left alone before a fingerprint counts. */
  settleMs: number
  /** How long unchanged metadata are trusted, with `metadata`. */
  maxAgeMs: number
  /** By dataset id. Nothing is skipped that is not in it. */
  known: Pick<ReadonlyMap<string, KnownFingerprint>, 'get'>
  /** What servers were seen to lack, by address: learnt once for all datasets of a run. */
  abilities: Map<string, FileAbilities>
}

export interface FileAbilities {
  manifest: boolean
  listing: boolean
  croissant: boolean
}

export interface Inspection {
  /** Set for a dataset that need not be harvested; the notes say where that is trust and no proof. */
  unchanged: { notes: Note[] } | null
  /**
   * The fingerprint to be stored, asked for after the data.
   * @param complete whether every question of the harvest was answered
   */
  conclude(complete: boolean): Promise<ContentFingerprint>
}

export interface InspectedDataset {
  client: ErddapClient
  /** The work on this dataset: its signal, time limit, breaker and listener. */
  settings: ScopeSettings
  scope: ErddapScope
  change: ChangeDetection
  vocabularies: Vocabularies
  listed: ListedDataset
  metadata: DatasetMetadata
  /** Start of the run, epoch milliseconds. */
  now: number
}

type FileList =
  | { kind: 'files'; text: string; newest: number | null }
  | { kind: 'none'; reason: NoHashReason }
type AskFiles = () => Promise<FileList>

/** A dataset of many folders is not worth a request for each of them. */
const mostFolders = 20

/** Reasons that say that the server publishes no files, not that something went wrong. */
const unpublished: ReadonlySet<NoHashReason> = new Set([
  'HASH_NO_FILE_LIST',
  'HASH_FILES_NOT_ACCESSIBLE',
  'HASH_FEDERATED_UNRESOLVED',
])

/** @throws HarvesterError CANCELLED; what fails otherwise only costs the fingerprint */
export async function inspectDataset(dataset: InspectedDataset): Promise<Inspection> {
  const { change, listed, metadata, vocabularies } = dataset
  if (change.mode === 'off') return { unchanged: null, conclude: async () => none('HASH_NOT_COMPUTED') }

  const known = change.known.get(listed.datasetId)
  const described = metadataText(metadata, listed)
  const hashOf = (...parts: string[]) =>
    sha256([`rules ${rulesVersion}`, vocabularyDigest(vocabularies), described, ...parts])
  const realTime = isRealTime(metadata, listed)
  const { ask, first: before } = await findFiles(dataset)

  if (before.kind === 'none') {
    if (change.mode !== 'metadata' || realTime || !unpublished.has(before.reason))
      return { unchanged: null, conclude: async () => none(before.reason) }
    const hash = `${trustPrefix}${hashOf(listRowText(listed))}`
    return {
      unchanged: trusted(hash, known, dataset),
      conclude: async (complete) => (complete ? { hash, reason: before.reason } : none('HASH_HTTP_ERROR')),
    }
  }

  const hash = hashOf(before.text)
  return {
    unchanged: !realTime && known?.contentHash === hash ? { notes: [] } : null,
    async conclude(complete) {
      // What an answer lacked would otherwise be lacking until the next change.
      if (!complete) return none('HASH_HTTP_ERROR')
      // A server may go on answering old values for a while after a file changed.
      if (before.newest === null || dataset.now - before.newest < change.settleMs)
        return none('HASH_NOT_SETTLED')
      const after = await ask()
      if (after.kind === 'none') return none(after.reason)
      return after.text === before.text ? { hash, reason: null } : none('HASH_NOT_SETTLED')
    },
  }
}

function none(reason: NoHashReason): ContentFingerprint {
  return { hash: null, reason }
}

function trusted(
  hash: string,
  known: KnownFingerprint | undefined,
  { change, now }: InspectedDataset,
): { notes: Note[] } | null {
  if (!known || known.contentHash !== hash || known.harvestedAt === null) return null
  const ageMs = now - known.harvestedAt
  if (ageMs >= change.maxAgeMs) return null
  const day = 86_400_000
  return {
    notes: [
      fact('TRUSTED', { ageDays: ageMs / day, trustedDays: Math.round((change.maxAgeMs / day) * 10) / 10 }),
    ],
  }
}

/** The way to the list of source files, and what it gave. The same way is gone again after the data. */
async function findFiles(dataset: InspectedDataset): Promise<{ ask: AskFiles; first: FileList }> {
  const { client, settings, scope, listed } = dataset
  const nothing = (reason: NoHashReason) => {
    const first: FileList = { kind: 'none', reason }
    return { ask: async () => first, first }
  }
  const isFederated = listed.row.class === 'EDDTableFromErddap'
  let where = { client, scope, id: listed.datasetId }
  if (isFederated) {
    const found = await attempt(dataset, () => scope.origin(listed.datasetId))
    if (!found.ok) return nothing(found.reason)
    if (found.value.kind === 'unresolved') return nothing('HASH_FEDERATED_UNRESOLVED')
    if (found.value.kind === 'origin') {
      const origin = client.at(found.value.baseUrl)
      where = { client: origin, scope: origin.scope(settings), id: found.value.datasetId }
    }
  }
  const isLocal = where.client === client
  // The list of the origin is not asked for: its manifest says as much.
  if (isLocal && listed.files === '') return nothing('HASH_NO_FILE_LIST')
  const abilities = abilitiesOf(dataset.change, where.client.baseUrl)
  const prefix = isLocal ? '' : `${where.client.baseUrl} ${where.id} `
  let refused = false
  for (const way of waysToFiles(where.scope, where.id, abilities)) {
    const ask = () => askFiles(dataset, way, prefix)
    const first = await ask()
    if (first === 'unsupported') continue
    // The list of a server says that there are files: an old one refuses what it does not know in the same words.
    // An origin's list is not known, so that its refusal is taken as it is.
    if (isLocal && first.kind === 'none' && first.reason === 'HASH_FILES_NOT_ACCESSIBLE') {
      refused = true
      continue
    }
    if (refused && first.kind === 'files') abilities.manifest = false
    return { ask: settled(ask), first }
  }
  return nothing('HASH_FILES_NOT_ACCESSIBLE')
}

function settled(ask: () => Promise<FileList | 'unsupported'>): AskFiles {
  return async () => {
    const answer = await ask()
    // It was there before the data.
    return answer === 'unsupported' ? { kind: 'none', reason: 'HASH_NOT_SETTLED' } : answer
  }
}

function abilitiesOf(change: ChangeDetection, baseUrl: string): FileAbilities {
  let abilities = change.abilities.get(baseUrl)
  if (!abilities) {
    abilities = { manifest: true, listing: true, croissant: true }
    change.abilities.set(baseUrl, abilities)
  }
  return abilities
}

/** In the order in which they are tried: the manifest shows a change at once, a listing when the server has read it. */
function* waysToFiles(
  scope: ErddapScope,
  id: string,
  abilities: FileAbilities,
): Generator<() => Promise<SourceFiles>> {
  const learning = (what: keyof FileAbilities, ask: () => Promise<SourceFiles>) => async () => {
    const answer = await ask()
    if (answer.kind === 'unsupported') abilities[what] = false
    return answer
  }
  if (abilities.manifest) yield learning('manifest', () => scope.manifest(id))
  if (abilities.listing) yield learning('listing', () => listAllFolders(scope, id))
  if (abilities.croissant)
    yield learning('croissant', async () => {
      const croissant = await scope.croissant(id)
      if (croissant === null) return { kind: 'unsupported', why: 'no Croissant' }
      // Current versions name no files in it: that is no list.
      if (croissant.files.length === 0) return { kind: 'not-accessible', why: 'the Croissant lists no files' }
      return { kind: 'files', files: croissant.files, url: croissant.url }
    })
}

/** A listing of all folders; one that is too large for that is an unreadable one. */
async function listAllFolders(scope: ErddapScope, id: string): Promise<SourceFiles> {
  const files: SourceFile[] = []
  const folders: (string | undefined)[] = [undefined]
  let url = ''
  for (let asked = 0; folders.length > 0; asked += 1) {
    if (asked === mostFolders) return { kind: 'files', files: [], url }
    const answer = await scope.filesListing(id, folders.shift())
    if (answer.kind !== 'files') return answer
    url ||= answer.url
    for (const file of answer.files) {
      if (file.isFolder) folders.push(file.name)
      else files.push(file)
    }
  }
  return { kind: 'files', files, url }
}

async function askFiles(
  dataset: InspectedDataset,
  way: () => Promise<SourceFiles>,
  prefix: string,
): Promise<FileList | 'unsupported'> {
  const answer = await attempt(dataset, way)
  if (!answer.ok) return { kind: 'none', reason: answer.reason }
  const found = answer.value
  if (found.kind !== 'files')
    return found.kind === 'unsupported'
      ? 'unsupported'
      : { kind: 'none', reason: 'HASH_FILES_NOT_ACCESSIBLE' }
  // Data come from files: a list without any, or one that says nothing of them, is no list.
  if (found.files.length === 0 || !found.files.every(hasFileFacts))
    return { kind: 'none', reason: 'HASH_UNREADABLE' }
  return { kind: 'files', text: `${prefix}${filesText(found.files)}`, newest: newestFileTime(found.files) }
}

/** What fails here costs a proof and nothing else. */
async function attempt<T>(
  { settings }: InspectedDataset,
  ask: () => Promise<T>,
): Promise<{ ok: true; value: T } | { ok: false; reason: NoHashReason }> {
  try {
    return { ok: true, value: await ask() }
  } catch (error) {
    if (settings.signal?.aborted || isHarvesterError(error, 'CANCELLED', 'WRITE_FAILED')) throw error
    const unreadable = isHarvesterError(error, 'HTTP_BAD_ANSWER', 'HTTP_TOO_LARGE', 'TABLE_TOO_LONG')
    return { ok: false, reason: unreadable ? 'HASH_UNREADABLE' : 'HASH_HTTP_ERROR' }
  }
}

function sha256(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}

const digests = new WeakMap<Vocabularies, string>()

function vocabularyDigest(vocabularies: Vocabularies): string {
  let digest = digests.get(vocabularies)
  if (digest === undefined) {
    digest = sha256([vocabularyText(vocabularies)])
    digests.set(vocabularies, digest)
  }
  return digest
}
