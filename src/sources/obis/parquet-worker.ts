/** The thread that decodes the occurrences of a file, whose bytes it asks of the thread that started it. */

import { parentPort, workerData } from 'node:worker_threads'
import { BatchRoom, roomRows } from './batch-room.ts'
import { NameTable } from './occurrences.ts'
import { openOccurrences } from './parquet.ts'
import { heardError, type ToldError, tellError } from './thread-errors.ts'

/** What the thread is told to begin with. */
export interface DecodeOrders {
  /** The file: its name for messages, and its length. */
  name: string
  bytes: number
  rooms: readonly SharedArrayBuffer[]
}
export type DecodeReport =
  | { type: 'slice'; id: number; start: number; end: number }
  /** A room is filled. Texts are those that the table of names took in since the last batch. */
  | { type: 'batch'; room: number; rows: number; texts: readonly string[] }
  | { type: 'ended' }
  /** `refused` where it is the answer to a slice. */
  | { type: 'failed'; error: ToldError; refused: number | null }
export type DecodeReply =
  | { type: 'bytes'; id: number; bytes: Uint8Array }
  | { type: 'refused'; id: number; error: ToldError }
  /** A room is free again. */
  | { type: 'free'; room: number }

const port = parentPort!
const orders = workerData as DecodeOrders
const report = (message: DecodeReport) => port.postMessage(message)

interface Asked {
  resolve(bytes: Uint8Array): void
  reject(error: Error): void
}
const asked = new Map<number, Asked>()
const refusals = new Map<unknown, number>()
let slices = 0

const rooms = orders.rooms.map((memory) => new BatchRoom(memory))
const free = rooms.map((_, room) => room)
let onFree = () => {}

port.on('message', (reply: DecodeReply) => {
  if (reply.type === 'free') {
    free.push(reply.room)
    onFree()
    return
  }
  const { resolve, reject } = asked.get(reply.id)!
  asked.delete(reply.id)
  if (reply.type === 'bytes') resolve(reply.bytes)
  else {
    const error = heardError(reply.error)
    refusals.set(error, reply.id)
    reject(error)
  }
})

function slice(start: number, end: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    slices += 1
    asked.set(slices, { resolve, reject })
    report({ type: 'slice', id: slices, start, end })
  })
}

async function freeRoom(): Promise<number> {
  while (free.length === 0)
    await new Promise<void>((resolve) => {
      onFree = resolve
    })
  return free.shift()!
}

try {
  const { batches } = await openOccurrences({ name: orders.name, bytes: orders.bytes, slice })
  const names = new NameTable()
  let told = 0
  for await (const batch of batches(names))
    for (let from = 0; from < batch.rows; from += roomRows) {
      const room = await freeRoom()
      const to = Math.min(from + roomRows, batch.rows)
      rooms[room]!.put(batch, from, to)
      report({ type: 'batch', room, rows: to - from, texts: names.texts.slice(told) })
      told = names.texts.length
    }
  report({ type: 'ended' })
} catch (error) {
  report({ type: 'failed', error: tellError(error), refused: refusals.get(error) ?? null })
}
