/**
 * Proof that a dataset is what it was at its last good harvest, with as few requests as it takes: its metadata, which
 * are asked for anyway, and the list of its source files as the server itself has read them, folder by folder. Both are
 * asked before the data, which can then be as new as they are or newer, never older. What is believed of them is
 * decided in `rules/evidence`.
 */
import { createHash } from 'node:crypto'
import { isHarvesterError } from '../../errors.ts'
import {
  type AbilitySeen,
  type ChangeEvidence,
  type ChangeTerms,
  type FilesSeen,
  fingerprintObstacle,
  isTrusted,
  isUnchanged,
  lacksAbility,
} from '../../rules/evidence/index.ts'
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
import type { DiskViews } from '../kind.ts'
import { phaseOf } from '../phase.ts'
import type { ErddapClient, ErddapScope, ScopeSettings } from './client.ts'
import type { DatasetMetadata, ListedDataset, SourceFile, SourceFiles } from './types.ts'

/** What is known of a dataset from its last good harvest. */
export interface KnownFingerprint {
  contentHash: string | null
  /** When its data were last asked for, epoch milliseconds. */
  harvestedAt: number | null
}

/** How one server's datasets are checked, in one run. */
export interface ChangeDetection {
  mode: 'auto' | 'metadata' | 'off'
  /** How long the newest source file must have been left alone before a fingerprint counts. */
  settleMs: number
  /** How long a harvest is taken over at most. */
  maxAgeMs: number
  /** By dataset id. Nothing is skipped that is not in it. */
  known: Pick<ReadonlyMap<string, KnownFingerprint>, 'get'>
  /** What servers were seen to lack, by address: learnt once for all datasets of a run. */
  abilities: Map<string, FileAbilities>
  /** What manifests showed at earlier runs; null where nothing is remembered. */
  diskViews: DiskViews | null
}

export type FileAbilities = Record<'manifest' | 'listing' | 'croissant', AbilitySeen>

/** What became of the questions of a harvest. */
export interface HarvestAnswers {
  /** Every question was answered. */
  complete: boolean
  /** No answer contradicts another. */
  agree: boolean
  /** The answers come from data, not from a table that the server made when it last read the dataset. */
  fresh: boolean
}

export interface Inspection {
  /** Set for a dataset that need not be harvested; the notes say where that is trust and no proof. */
  unchanged: { notes: Note[] } | null
  /** The fingerprint to be stored with the rows. */
  conclude(answers: HarvestAnswers): ContentFingerprint
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
  /** Settings that give other rows from the same answers; none for what has no such settings. */
  rules?: string | undefined
  /** Start of the run, epoch milliseconds. */
  now: number
}

/** The files of a dataset, or why they cannot be seen. */
type FilesFound =
  | { kind: 'files'; files: FilesSeen; views?: { served: string; disk: string } }
  | { kind: 'none'; reason: NoHashReason }

/** A dataset of many folders is not worth a request for each of them. */
const mostFolders = 20
const dayMs = 86_400_000

/** Reasons that say that the server publishes no files, not that something went wrong. */
const unpublished: ReadonlySet<NoHashReason> = new Set([
  'HASH_NO_FILE_LIST',
  'HASH_FILES_NOT_ACCESSIBLE',
  'HASH_FEDERATED_UNRESOLVED',
])

/** @throws HarvesterError CANCELLED; what fails otherwise only costs the fingerprint */
export async function inspectDataset(dataset: InspectedDataset): Promise<Inspection> {
  const { change, listed, metadata, vocabularies, now } = dataset
  if (change.mode === 'off') return { unchanged: null, conclude: () => none('HASH_NOT_COMPUTED') }

  const known = change.known.get(listed.datasetId)
  const described = metadataText(metadata, listed)
  const hashOf = (...parts: string[]) =>
    sha256([
      `rules ${rulesVersion}`,
      vocabularyDigest(vocabularies),
      described,
      ...(dataset.rules === undefined ? [] : [dataset.rules]),
      ...parts,
    ])
  const seen: ChangeEvidence = {
    metadata: { realTime: isRealTime(metadata, listed) },
    stored: known && { fingerprint: known.contentHash, harvestedMs: known.harvestedAt },
  }
  const terms: ChangeTerms = {
    now,
    maxAgeMs: change.maxAgeMs,
    phase: phaseOf(listed.datasetId),
    settleMs: change.settleMs,
  }
  const found = await findFiles(dataset, seen.metadata?.realTime === true)

  if (found.kind === 'none') {
    const { reason } = found
    if (change.mode !== 'metadata' || seen.metadata?.realTime || !unpublished.has(reason))
      return { unchanged: null, conclude: () => none(reason) }
    const hash = `${trustPrefix}${hashOf(listRowText(listed))}`
    const trusted = isTrusted({ ...seen, fingerprint: hash }, terms)
    return {
      unchanged: trusted ? { notes: [trustNote(known!.harvestedAt!, terms)] } : null,
      conclude: ({ complete, agree }) =>
        complete && agree ? { hash, reason } : none(complete ? 'HASH_NOT_SETTLED' : 'HASH_HTTP_ERROR'),
    }
  }

  const hash = hashOf(found.files.text)
  const evidence = { ...seen, files: found.files, views: found.views, fingerprint: hash }
  return {
    unchanged: isUnchanged(evidence, terms) ? { notes: [] } : null,
    conclude(answers) {
      const obstacle = fingerprintObstacle(evidence, terms, answers)
      return obstacle === null ? { hash, reason: null } : none(obstacle)
    },
  }
}

function none(reason: NoHashReason): ContentFingerprint {
  return { hash: null, reason }
}

function trustNote(harvestedAt: number, { now, maxAgeMs }: ChangeTerms): Note {
  return fact('TRUSTED', {
    ageDays: (now - harvestedAt) / dayMs,
    trustedDays: Math.round((maxAgeMs / dayMs) * 10) / 10,
  })
}

/** Where the files of a dataset are asked for: its own server, or its origin's. */
interface FilesPlace {
  scope: ErddapScope
  id: string
  isLocal: boolean
  /** Tells the files of one origin from those of another. */
  prefix: string
  abilities: FileAbilities
}

async function findFiles(dataset: InspectedDataset, realTime: boolean): Promise<FilesFound> {
  const { client, settings, scope, listed } = dataset
  const nothing = (reason: NoHashReason): FilesFound => ({ kind: 'none', reason })
  const isFederated = listed.row.class === 'EDDTableFromErddap'
  if (!isFederated && listed.files === '') return nothing('HASH_NO_FILE_LIST')
  // It is harvested every time: proof is of no use.
  if (realTime) return nothing('HASH_NOT_SETTLED')
  let place: FilesPlace = {
    scope,
    id: listed.datasetId,
    isLocal: true,
    prefix: '',
    abilities: abilitiesOf(dataset.change, client.baseUrl),
  }
  if (isFederated) {
    const found = await attempt(dataset, () => scope.origin(listed.datasetId))
    if (!found.ok) return nothing(found.reason)
    // A mirror that answers itself says nothing of the files of its origin.
    if (found.value.kind !== 'origin') return nothing('HASH_FEDERATED_UNRESOLVED')
    const { baseUrl, datasetId } = found.value
    place = {
      scope: client.at(baseUrl).scope(settings),
      id: datasetId,
      isLocal: false,
      prefix: `${baseUrl} ${datasetId} `,
      abilities: abilitiesOf(dataset.change, baseUrl),
    }
  }
  return lookAtFiles(dataset, place)
}

/** Asks for the view of the server itself; for that of the disk where there is none, or it takes too many requests. */
async function lookAtFiles(dataset: InspectedDataset, place: FilesPlace): Promise<FilesFound> {
  const { abilities, scope, id, isLocal } = place
  let walked: Walk | null = null
  // Once it was found to be in too many folders, it is not walked again. A listing that was refused says nothing of it.
  const isVast = dataset.change.diskViews?.get(dataset.listed.datasetId)?.digest.startsWith(vast) === true
  if (!lacksAbility(abilities.listing) && !(isVast && !lacksAbility(abilities.manifest))) {
    const answer = await attempt(dataset, () => walkFolders(scope, id))
    if (!answer.ok) return { kind: 'none', reason: answer.reason }
    learn(abilities.listing, answer.value.kind)
    if (answer.value.kind === 'walk') {
      walked = answer.value
      if (walked.whole) return seenFiles(place, 'served', walked.files)
    }
    // The list of a server says that there are files: an old one refuses what it does not know in the same words.
    // An origin's list is not known, so that its refusal is taken as it is.
    else if (answer.value.kind === 'not-accessible' && !isLocal)
      return { kind: 'none', reason: 'HASH_FILES_NOT_ACCESSIBLE' }
  }
  for (const [what, ask] of diskViewsOf(place)) {
    const answer = await attempt(dataset, ask)
    if (!answer.ok) return { kind: 'none', reason: answer.reason }
    learn(abilities[what], answer.value.kind)
    if (answer.value.kind === 'files')
      return onDisk(dataset, place, answer.value.files, { walked, isVast: isVast || walked !== null })
  }
  return { kind: 'none', reason: walked ? 'HASH_UNREADABLE' : 'HASH_FILES_NOT_ACCESSIBLE' }
}

function* diskViewsOf({
  abilities,
  scope,
  id,
}: FilesPlace): Generator<['manifest' | 'croissant', () => Promise<SourceFiles>]> {
  if (!lacksAbility(abilities.manifest)) yield ['manifest', () => scope.manifest(id)]
  if (!lacksAbility(abilities.croissant))
    yield [
      'croissant',
      async () => {
        const croissant = await scope.croissant(id)
        if (croissant === null) return { kind: 'unsupported', why: 'no Croissant' }
        // Current versions name no files in it: that is no list.
        if (croissant.files.length === 0)
          return { kind: 'not-accessible', why: 'the Croissant lists no files' }
        return { kind: 'files', files: croissant.files, url: croissant.url }
      },
    ]
}

/** What the disk shows, which counts once it has shown the same for as long as a server may leave its data. */
async function onDisk(
  dataset: InspectedDataset,
  place: FilesPlace,
  files: readonly SourceFile[],
  { walked, isVast }: { walked: Walk | null; isVast: boolean },
): Promise<FilesFound> {
  const found = seenFiles(place, 'disk', files)
  if (found.kind === 'none') return found
  const { diskViews } = dataset.change
  const { datasetId } = dataset.listed
  const digest = sha256([found.files.text])
  const known = diskViews?.get(datasetId)
  const isSame = known !== undefined && withoutMark(known.digest) === digest
  const sameSinceMs = isSame ? known.sameSinceMs : dataset.now
  await diskViews?.note(datasetId, { digest: isVast ? `${vast}${digest}` : digest, sameSinceMs })
  return {
    ...found,
    files: { ...found.files, sameSinceMs },
    ...(walked && { views: inWalkedFolders(walked, files) }),
  }
}

/** Marks the remembered view of a dataset whose folders are too many to be walked. */
const vast = 'vast:'

function withoutMark(digest: string): string {
  return digest.startsWith(vast) ? digest.slice(vast.length) : digest
}

/** The same files, as the listing and as the manifest have them. */
function inWalkedFolders(
  { folders, files }: Walk,
  manifest: readonly SourceFile[],
): { served: string; disk: string } {
  const walked = new Set(folders)
  const folderOf = (name: string) => name.slice(0, name.lastIndexOf('/') + 1)
  const comparable = ({ path, name, ...facts }: SourceFile): SourceFile => ({ ...facts, name: path ?? name })
  const disk = manifest.map(comparable).filter(({ name }) => walked.has(folderOf(name)))
  return { served: filesText(files.map(comparable)), disk: filesText(disk) }
}

function abilitiesOf(change: ChangeDetection, baseUrl: string): FileAbilities {
  let abilities = change.abilities.get(baseUrl)
  if (!abilities) {
    const nothing = () => ({ given: 0, refused: 0 })
    abilities = { manifest: nothing(), listing: nothing(), croissant: nothing() }
    change.abilities.set(baseUrl, abilities)
  }
  return abilities
}

/** One dataset whose files the server refuses in odd words says nothing of the others. */
function learn(ability: AbilitySeen, answer: SourceFiles['kind'] | Walk['kind']): void {
  if (answer === 'unsupported') ability.refused += 1
  else if (answer !== 'not-accessible') ability.given += 1
}

interface Walk {
  kind: 'walk'
  files: readonly SourceFile[]
  /** Walked ones, each with its slash at the end; '' is the dataset's own. */
  folders: readonly string[]
  /** Whether they are all. */
  whole: boolean
}

/** A listing of all folders; it ends as soon as it is clear that they are too many. */
async function walkFolders(scope: ErddapScope, id: string): Promise<Walk | SourceFiles> {
  const files: SourceFile[] = []
  const folders: string[] = []
  const waiting = ['']
  while (waiting.length > 0) {
    if (folders.length + waiting.length > mostFolders) return { kind: 'walk', files, folders, whole: false }
    const folder = waiting.shift()!
    const answer = await scope.filesListing(id, folder)
    // A folder that vanished under our eyes says nothing of the server: such a list makes no sense.
    if (answer.kind !== 'files')
      return folders.length === 0 ? answer : { kind: 'walk', files: [], folders, whole: true }
    folders.push(folder)
    for (const file of answer.files) {
      if (file.isFolder) waiting.push(file.name)
      else files.push(file)
    }
  }
  return { kind: 'walk', files, folders, whole: true }
}

function seenFiles(
  { prefix }: FilesPlace,
  view: FilesSeen['view'],
  files: readonly SourceFile[],
): FilesFound {
  // Data come from files: a list without any, or one that says nothing of them, is no list.
  if (files.length === 0 || !files.every(hasFileFacts)) return { kind: 'none', reason: 'HASH_UNREADABLE' }
  return {
    kind: 'files',
    files: { view, text: `${prefix}${filesText(files)}`, newestMs: newestFileTime(files) },
  }
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
