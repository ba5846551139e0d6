/** What the queue needs of the engine: one exchange of raw protocol messages. */
export interface RawEngine {
  execProtocolRawStream(
    message: Uint8Array,
    options: { onRawData: (data: Uint8Array) => void },
  ): Promise<unknown>
}

interface Waiting {
  client: number
  /** One or several. */
  message: Uint8Array
  /** Whether the engine is ready after it. */
  ends: boolean
  onData: (data: Uint8Array) => void
  resolve: (bytes: number) => void
  reject: (error: Error) => void
}

const letter = (text: string) => text.charCodeAt(0)
/** Parse, Bind, Describe, Execute, Close: answered at the Sync that follows them, and given to the engine with it. */
const preparing = new Set(['P', 'B', 'D', 'E', 'C'].map(letter))
/** Answers are written in pieces of about this size: to write each row takes longer than to make it. */
const pieceBytes = 64 * 1024
/** A message begins with its letter and its length. */
const headBytes = 5
const sync = encode('S')
const rollback = encode('Q', 'ROLLBACK\0')

/**
 * Lets many clients share the one back end that the embedded engine has. The messages of one statement (Parse, Bind,
 * Execute, Sync) are one exchange, so that they never mix with another's, whose unnamed statement they would otherwise
 * run; and a client keeps its turn until the engine is ready again and outside of a transaction.
 *
 * Stands in for the queue of pglite-socket, which hands out turns message by message.
 */
export class TurnQueue {
  readonly #engine: RawEngine
  #waiting: Waiting[] = []
  #working = false
  /** Whose turn it is, null between turns. */
  #holder: number | null = null
  #inTransaction = false
  readonly #gone = new Set<number>()
  /** What each client has begun and not ended with a Sync. */
  readonly #begun = new Map<number, Uint8Array[]>()

  constructor(engine: RawEngine) {
    this.#engine = engine
  }

  enqueue(client: number, message: Uint8Array, onData: (data: Uint8Array) => void): Promise<number> {
    // Terminate would end the only back end; the client's socket closes by itself.
    if (message[0] === letter('X')) return Promise.resolve(0)
    const begun = this.#begun.get(client) ?? []
    if (preparing.has(message[0] ?? -1)) {
      begun.push(message)
      this.#begun.set(client, begun)
      return Promise.resolve(0)
    }
    this.#begun.delete(client)
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        client,
        message: concatenate([...begun, message]),
        ends: endsExchange(message),
        onData,
        resolve,
        reject,
      })
      void this.#work()
    })
  }

  getQueueLength(): number {
    return this.#waiting.length
  }

  clearQueueForHandler(client: number): void {
    this.#begun.delete(client)
    const lost = this.#waiting.filter((entry) => entry.client === client)
    this.#waiting = this.#waiting.filter((entry) => entry.client !== client)
    for (const entry of lost) entry.reject(new Error('The client disconnected.'))
  }

  /** A client that leaves in the middle of its turn: the turn is brought to an end and its transaction rolled back. */
  async clearTransactionIfNeeded(client: number): Promise<void> {
    if (this.#holder !== client) return
    this.#gone.add(client)
    await this.#work()
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    try {
      for (let next = this.#next(); next; next = this.#next()) await this.#exchange(next)
    } finally {
      this.#working = false
    }
  }

  #next(): Waiting | undefined {
    if (this.#holder === null) return this.#waiting.shift()
    if (this.#gone.has(this.#holder)) {
      const message = this.#inTransaction ? concatenate([sync, rollback]) : sync
      return {
        client: this.#holder,
        message,
        ends: true,
        onData: () => {},
        resolve: () => {},
        reject: () => {},
      }
    }
    const index = this.#waiting.findIndex((entry) => entry.client === this.#holder)
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]
  }

  async #exchange({ client, message, ends, onData, resolve, reject }: Waiting): Promise<void> {
    this.#holder = client
    const answer = new Answer(onData)
    try {
      await this.#engine.execProtocolRawStream(message, { onRawData: (data) => answer.add(data) })
    } catch (error) {
      this.#endTurn(client)
      reject(error as Error)
      return
    }
    const status = answer.end(ends)
    if (status !== undefined && ends) {
      this.#inTransaction = status !== letter('I')
      if (!this.#inTransaction) this.#endTurn(client)
    } else if (this.#gone.has(client)) this.#endTurn(client)
    resolve(answer.bytes)
  }

  #endTurn(client: number): void {
    this.#holder = null
    this.#inTransaction = false
    this.#gone.delete(client)
  }
}

/**
 * What the engine answers, on its way to the client in larger pieces. After an error in the middle the engine is ready at
 * once, and again at Sync: told twice, the client would take the second for the end of its next question. So that it is
 * ready is told once, at the end.
 */
class Answer {
  /** Told to the client so far. */
  bytes = 0
  readonly #onData: (data: Uint8Array) => void
  #pieces: Uint8Array[] = []
  #held = 0
  /** Not worth a look before: a piece, or a message that is longer. */
  #enough = pieceBytes
  /** The transaction's status of a ReadyForQuery that nothing has followed yet. */
  #ready: number | undefined

  constructor(onData: (data: Uint8Array) => void) {
    this.#onData = onData
  }

  add(data: Uint8Array): void {
    // It lies in the engine's memory, which is written again.
    this.#pieces.push(data.slice())
    this.#held += data.length
    if (this.#held >= this.#enough) this.#pass()
  }

  /** @returns the transaction's status, if the engine is ready */
  end(tellReady: boolean): number | undefined {
    this.#pass()
    // What is no message, such as the one letter to a request for encryption.
    this.#tell(concatenate(this.#pieces))
    if (tellReady && this.#ready !== undefined) this.#tell(encode('Z', String.fromCharCode(this.#ready)))
    return this.#ready
  }

  /** Tells the messages that are whole, without those that say that the engine is ready. */
  #pass(): void {
    const all = concatenate(this.#pieces)
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    let told = 0
    let at = 0
    this.#enough = pieceBytes
    while (all.length - at >= headBytes) {
      const next = at + 1 + view.getInt32(at + 1)
      if (next < at + headBytes || next > all.length) {
        this.#enough = Math.max(pieceBytes, next - at)
        break
      }
      this.#ready = undefined
      if (all[at] === letter('Z')) {
        this.#tell(all.subarray(told, at))
        this.#ready = all[at + headBytes]
        told = next
      }
      at = next
    }
    this.#tell(all.subarray(told, at))
    this.#pieces = [all.slice(at)]
    this.#held = all.length - at
  }

  #tell(data: Uint8Array): void {
    if (data.length === 0) return
    this.bytes += data.length
    this.#onData(data)
  }
}

/** Query, Sync and FunctionCall are answered by ReadyForQuery; so is the start-up message, which has no letter. */
function endsExchange(message: Uint8Array): boolean {
  return [letter('Q'), letter('S'), letter('F'), 0].includes(message[0] ?? -1)
}

function encode(type: string, text = ''): Uint8Array {
  const bytes = Buffer.alloc(headBytes + text.length)
  bytes.write(type)
  bytes.writeInt32BE(bytes.length - 1, 1)
  bytes.write(text, headBytes, 'latin1')
  return bytes
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
