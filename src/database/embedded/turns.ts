/** What the queue needs of the engine: one exchange of raw protocol messages. */
export interface RawEngine {
  execProtocolRawStream(
    message: Uint8Array,
    options: { onRawData: (data: Uint8Array) => void },
  ): Promise<unknown>
}

interface Waiting {
  client: number
  message: Uint8Array
  onData: (data: Uint8Array) => void
  resolve: (bytes: number) => void
  reject: (error: Error) => void
}

const letter = (text: string) => text.charCodeAt(0)
const sync = new Uint8Array([letter('S'), 0, 0, 0, 4])
const rollback = simpleQuery('ROLLBACK')

/**
 * Lets many clients share the one back end that the embedded engine has. A client keeps its turn from its first
 * message until the engine is ready again and outside of a transaction: the messages of one statement (Parse, Bind,
 * Execute, Sync) never mix with another's, whose unnamed statement they would otherwise run.
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

  constructor(engine: RawEngine) {
    this.#engine = engine
  }

  enqueue(client: number, message: Uint8Array, onData: (data: Uint8Array) => void): Promise<number> {
    // Terminate would end the only back end; the client's socket closes by itself.
    if (message[0] === letter('X')) return Promise.resolve(0)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ client, message, onData, resolve, reject })
      void this.#work()
    })
  }

  getQueueLength(): number {
    return this.#waiting.length
  }

  clearQueueForHandler(client: number): void {
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
      const message = this.#inTransaction ? concatenate(sync, rollback) : sync
      return { client: this.#holder, message, onData: () => {}, resolve: () => {}, reject: () => {} }
    }
    const index = this.#waiting.findIndex((entry) => entry.client === this.#holder)
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]
  }

  async #exchange(entry: Waiting): Promise<void> {
    this.#holder = entry.client
    const ends = endsExchange(entry.message)
    let bytes = 0
    let tail = new Uint8Array(0)
    const tell = (data: Uint8Array) => {
      if (data.length === 0) return
      bytes += data.length
      entry.onData(data)
    }
    try {
      await this.#engine.execProtocolRawStream(entry.message, {
        onRawData: (data) => {
          const all = tail.length === 0 ? data : concatenate(tail, data)
          tell(all.subarray(0, -6))
          tail = all.slice(-6)
        },
      })
      // After an error the engine is ready at once, and again at Sync: told twice, the client would take the second
      // for the end of its next question.
      if (ends || readyStatus(tail) === undefined) tell(tail)
    } catch (error) {
      this.#endTurn(entry.client)
      entry.reject(error as Error)
      return
    }
    const status = readyStatus(tail)
    if (status !== undefined && ends) {
      this.#inTransaction = status !== letter('I')
      if (!this.#inTransaction) this.#endTurn(entry.client)
    } else if (this.#gone.has(entry.client)) this.#endTurn(entry.client)
    entry.resolve(bytes)
  }

  #endTurn(client: number): void {
    this.#holder = null
    this.#inTransaction = false
    this.#gone.delete(client)
  }
}

/** Query, Sync and FunctionCall are answered by ReadyForQuery; so is the start-up message, which has no letter. */
function endsExchange(message: Uint8Array): boolean {
  return [letter('Q'), letter('S'), letter('F'), 0].includes(message[0] ?? -1)
}

/** The transaction status of a ReadyForQuery message (`Z`, length 5, status) at the end of an answer. */
function readyStatus(tail: Uint8Array): number | undefined {
  const ready = tail.length === 6 && tail[0] === letter('Z') && tail[4] === 5
  return ready ? tail[5] : undefined
}

function simpleQuery(sql: string): Uint8Array {
  const text = Buffer.from(`${sql}\0`)
  const head = Buffer.alloc(5)
  head.write('Q')
  head.writeInt32BE(text.length + 4, 1)
  return concatenate(head, text)
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
