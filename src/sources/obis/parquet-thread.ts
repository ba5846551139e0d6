/**
 * A thread decodes the occurrences of a file while this one fetches its bytes, and works on what is decoded. They come in
 * the order of the file, as from a reader here: whatever is made of them is the same.
 */

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { describeError, HarvesterError } from '../../errors.ts'
import { startThread } from '../../package.ts'
import { BatchRoom } from './batch-room.ts'
import type { NameTable, OccurrenceBatch } from './occurrences.ts'
import type { ByteSource } from './parquet-column.ts'
import type { DecodeOrders, DecodeReply, DecodeReport } from './parquet-worker.ts'
import { heardError, tellError } from './thread-errors.ts'

/** One for each of the datasets that are harvested at once, as long as a processor is left for this thread. */
const mostThreads = Math.min(2, availableParallelism() - 1)
/** Fewer occurrences are gathered before a thread has started, which takes a tenth of a second or so. */
const fewestRows = 1_000_000
/** Batches that may wait for this thread, while it sees to something else. */
const roomsCount = 3

let threadsInUse = 0

/** Whether a thread is worth its start for so many rows, and to be had. */
export function mayUseThread(rows: number): boolean {
  return rows >= fewestRows && threadsInUse < mostThreads
}

export interface ThreadedBatches {
  file: ByteSource
  /** Empty; takes in the names of the batches. */
  names: NameTable
  signal: AbortSignal
  /** @default the thread of this program; tests put another in its place */
  start?: (orders: DecodeOrders) => Worker
}

/**
 * Each batch is valid until the next is asked for. The thread is gone when this ends, however it ends.
 *
 * @throws as the file and the signal; HarvesterError HTTP_BAD_ANSWER; INTERNAL for a thread that died
 */
export async function* batchesByThread(settings: ThreadedBatches): AsyncGenerator<OccurrenceBatch> {
  const { file, names, signal } = settings
  const { start = (orders) => startThread('sources/obis/parquet-worker', orders) } = settings
  signal.throwIfAborted()
  const rooms = Array.from({ length: roomsCount }, () => new BatchRoom())
  threadsInUse += 1
  const thread = start({ name: file.name, bytes: file.bytes, rooms: rooms.map(({ memory }) => memory) })
  const reply = (message: DecodeReply, transfer: readonly ArrayBuffer[] = []) =>
    thread.postMessage(message, transfer)

  const reports: Exclude<DecodeReport, { type: 'slice' }>[] = []
  const refused = new Map<number, unknown>()
  let failure: { error: unknown } | null = null
  let wake = () => {}
  const fail = (error: unknown) => {
    failure ??= { error }
    wake()
  }
  const lost = (what: string, cause?: unknown) =>
    fail(new HarvesterError('INTERNAL', `the thread that decoded ${file.name} ${what}`, { cause }))
  const answer = async ({ id, start, end }: Extract<DecodeReport, { type: 'slice' }>) => {
    try {
      const bytes = ownBytes(await file.slice(start, end))
      reply({ type: 'bytes', id, bytes }, [bytes.buffer])
    } catch (error) {
      refused.set(id, error)
      reply({ type: 'refused', id, error: tellError(error) })
    }
  }
  const onAbort = () => fail(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  thread.on('error', (error) => lost(`died: ${describeError(error)}`, error))
  thread.on('messageerror', (error) => lost('was not understood', error))
  thread.on('exit', (code) => lost(`ended with code ${code}`))
  thread.on('message', (report: DecodeReport) => {
    if (report.type === 'slice') void answer(report)
    else {
      reports.push(report)
      wake()
    }
  })

  try {
    for (;;) {
      if (failure) throw (failure as { error: unknown }).error
      const report = reports.shift()
      switch (report?.type) {
        case undefined:
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          break
        case 'batch':
          for (const text of report.texts) names.id(text)
          yield rooms[report.room]!.take(report.rows)
          reply({ type: 'free', room: report.room })
          break
        case 'ended':
          return
        case 'failed':
          throw report.refused === null ? heardError(report.error) : refused.get(report.refused)
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await thread.terminate()
    threadsInUse -= 1
  }
}

/** Bytes whose memory can be handed over: nobody else looks at it. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
  return isAlone ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
