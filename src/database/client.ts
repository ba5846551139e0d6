import pg from 'pg'
import { HarvesterError } from '../errors.ts'
import { copyByBatches, copyByStream } from './copy.ts'
import { tidyEngine } from './embedded/tidy.ts'
import { databaseError } from './failure.ts'
import type {
  CopyColumn,
  CopyValue,
  Database,
  DatabaseKind,
  QueryAnswer,
  QueryOptions,
  Session,
} from './port.ts'
import { guardWire, socketOf } from './wire.ts'

export interface ClientOptions {
  kind: DatabaseKind
  connection: pg.PoolConfig
  /** For messages, without a password. */
  description: string
  serverVersion: number
  maxConnections: number
  /** Told of connections that broke while nobody used them. */
  onIdleError?: ((error: Error) => void) | undefined
  /** Makes the database reachable again where that is in this process's power; gives what changed of the connection. */
  revive?: (() => Promise<pg.PoolConfig>) | undefined
  /** Tells others that this process is about to end. */
  onEnding?: (() => Promise<void>) | undefined
  /** What else ends with the database: the engine, if we own it. */
  onClose?: (() => Promise<void>) | undefined
  /** How long work that was cancelled waits for a server to stop it. @default 10 seconds */
  cancelMs?: number | undefined
}

const defaultCancelMilliseconds = 10_000

/** `int8` fits a number in everything this product counts. */
const types = {
  getTypeParser: ((id: number, format?: 'text' | 'binary') =>
    id === 20 && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(id, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
}

/** {@link Database} over the `pg` driver: for PostgreSQL, and for the embedded engine through its Unix socket. */
export class ClientDatabase implements Database {
  readonly kind: DatabaseKind
  readonly description: string
  readonly serverVersion: number
  readonly #options: ClientOptions
  readonly #pool: pg.Pool
  #canceller: Promise<pg.Client> | undefined
  #reviving: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: ClientOptions) {
    this.kind = options.kind
    this.description = options.description
    this.serverVersion = options.serverVersion
    this.#options = options
    this.#pool = new pg.Pool({ ...options.connection, max: options.maxConnections, types })
    this.#pool.on('error', (error) => options.onIdleError?.(error))
    if (options.kind === 'postgres') this.#pool.on('connect', guardWire)
  }

  get ownBackEnds(): boolean {
    return this.kind === 'postgres'
  }

  query<Row>(
    sql: string,
    parameters: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<QueryAnswer<Row>> {
    return this.session((session) => session.query<Row>(sql, parameters), options)
  }

  async session<T>(work: (session: Session) => Promise<T>, options: QueryOptions = {}): Promise<T> {
    const { signal } = options
    this.#refuseIfAborted(signal)
    if (signal && this.kind === 'postgres') await this.#reserveCanceller()
    const client = await this.#connect(signal)
    const session = new ClientSession(client, this.description, signal)
    const onError = () => session.markBroken()
    let timer: NodeJS.Timeout | undefined
    const onAbort = () => {
      void this.#cancel(client)
      // A server that does not answer does not hear of it either: it finds the connection gone.
      timer = setTimeout(
        () => socketOf(client).destroy(new Error('Connection terminated')),
        this.#options.cancelMs ?? defaultCancelMilliseconds,
      )
    }
    client.on('error', onError)
    if (this.kind === 'postgres') signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await work(session)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      clearTimeout(timer)
      client.off('error', onError)
      session.end()
      // After a cancel a late signal could still hit whatever runs next on this connection.
      const spoilt = session.broken || (signal?.aborted === true && this.kind === 'postgres')
      client.release(spoilt)
    }
  }

  transaction<T>(work: (session: Session) => Promise<T>, options: QueryOptions = {}): Promise<T> {
    return this.session((session) => this.inTransaction(session, () => work(session)), options)
  }

  async inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
    await session.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    try {
      const result = await work()
      await session.query('COMMIT')
      return result
    } catch (error) {
      await asClientSession(session).rollback()
      throw error
    }
  }

  async copyRows(
    session: Session,
    table: string,
    columns: readonly CopyColumn[],
    rows: AsyncIterable<readonly CopyValue[]> | Iterable<readonly CopyValue[]>,
  ): Promise<number> {
    if (this.kind === 'embedded') return copyByBatches(session, table, columns, rows)
    const limitMs = this.#options.connection.query_timeout
    return asClientSession(session).use((client) => copyByStream(client, table, columns, rows, limitMs))
  }

  async tidy(): Promise<void> {
    if (this.kind === 'embedded') await tidyEngine(this)
  }

  async announceEnd(): Promise<void> {
    await this.#options.onEnding?.()
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#reviving?.catch(() => undefined)
      const canceller = await this.#canceller?.catch(() => undefined)
      await canceller?.end().catch(() => undefined)
      await this.#pool.end()
      await this.#options.onClose?.()
    })()
    return this.#closed
  }

  #refuseIfAborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw new HarvesterError('CANCELLED', 'The work in the database was cancelled.')
  }

  async #connect(signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect().catch(async (error: unknown) => {
        if (!this.#options.revive || this.#closed || signal?.aborted) throw error
        await this.#revive(this.#options.revive)
        return this.#pool.connect()
      })
    } catch (error) {
      throw databaseError(error, this.description, signal)
    }
  }

  /** Once for all who wait for a connection. */
  #revive(revive: () => Promise<pg.PoolConfig>): Promise<void> {
    this.#reviving ??= revive()
      .then((changed) => void Object.assign(this.#pool.options, changed))
      .finally(() => {
        this.#reviving = undefined
      })
    return this.#reviving
  }

  /** A connection kept for cancelling, so that a server at its limit of connections can still be told to stop. */
  async #reserveCanceller(): Promise<void> {
    this.#canceller ??= (async () => {
      const client = new pg.Client({
        ...this.#options.connection,
        application_name: 'erddap-harvester cancel',
      })
      client.on('error', () => {
        this.#canceller = undefined
      })
      await client.connect()
      guardWire(client)
      return client
    })()
    try {
      await this.#canceller
    } catch (error) {
      this.#canceller = undefined
      throw databaseError(error, this.description)
    }
  }

  async #cancel(client: pg.PoolClient): Promise<void> {
    const backend = (client as unknown as { processID: number | null }).processID
    try {
      const canceller = await this.#canceller
      if (backend !== null) await canceller?.query('SELECT pg_cancel_backend($1)', [backend])
    } catch {
      // The connection that would cancel is gone as well: the statement fails by itself, or ends.
    }
  }
}

class ClientSession implements Session {
  readonly #client: pg.PoolClient
  readonly #where: string
  readonly #signal: AbortSignal | undefined
  broken = false
  #ended = false

  constructor(client: pg.PoolClient, where: string, signal: AbortSignal | undefined) {
    this.#client = client
    this.#where = where
    this.#signal = signal
  }

  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<QueryAnswer<Row>> {
    return this.use(async (client) => {
      const answer =
        parameters.length > 0
          ? await client.query(sql, parameters as unknown[])
          : ((await client.query(sql)) as pg.QueryResult | pg.QueryResult[])
      const last = Array.isArray(answer) ? answer[answer.length - 1]! : answer
      return { rows: last.rows as Row[], count: last.rowCount ?? 0 }
    })
  }

  /** Runs driver calls on the connection; a statement is not begun once the work was cancelled. */
  async use<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    if (this.#ended) throw new HarvesterError('INTERNAL', 'A database session was used after its end.')
    if (this.#signal?.aborted)
      throw new HarvesterError('CANCELLED', 'The work in the database was cancelled.')
    try {
      return await work(this.#client)
    } catch (error) {
      const failure = databaseError(error, this.#where, this.#signal)
      if (failure.facts.transient === true) this.broken = true
      throw failure
    }
  }

  /** Ends a transaction that failed, whether or not the work was cancelled meanwhile. */
  async rollback(): Promise<void> {
    // A server that does not answer does not answer this either; it rolls back once the connection is gone.
    if (this.broken) return
    try {
      await this.#client.query('ROLLBACK')
    } catch {
      // A connection that cannot roll back is thrown away; the server rolls back what it held.
      this.broken = true
    }
  }

  markBroken(): void {
    this.broken = true
  }

  end(): void {
    this.#ended = true
  }
}

function asClientSession(session: Session): ClientSession {
  if (session instanceof ClientSession) return session
  throw new HarvesterError('INTERNAL', 'A session of another database was handed in.')
}
