/**
 * The database as the rest of the product sees it: statements, sessions, transactions and bulk rows. PostgreSQL and
 * the embedded engine both stand behind it, so that whatever is written against it runs on either.
 *
 * Values come back as: `int8` as number, `timestamptz` as `Date`, arrays as arrays, `json` parsed, `numeric` as text.
 */

/** Of no interest outside of this room: what follows from it are capabilities of {@link Database}. */
export type DatabaseKind = 'postgres' | 'embedded'

export interface QueryOptions {
  /** Stops waiting and asks the server to stop working. */
  signal?: AbortSignal | undefined
}

export interface QueryAnswer<Row> {
  rows: Row[]
  /** Rows returned, or touched by a statement that returns none. */
  count: number
}

/** One connection of one's own: temporary tables and transactions live in it. */
export interface Session {
  /** @throws HarvesterError DATABASE_FAILED, DATABASE_UNREACHABLE, CANCELLED */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<QueryAnswer<Row>>
}

/** A column to copy into, with the name of its SQL type (`text`, `int`, `float8`, `timestamptz`, `text[]`, …). */
export interface CopyColumn {
  name: string
  type: string
}

/** A cell to copy: arrays are SQL arrays of text. */
export type CopyValue = string | number | boolean | Date | readonly string[] | null

export interface Database {
  readonly kind: DatabaseKind
  /**
   * Whether each session has a back end of its own, with its settings, locks and temporary tables. The embedded engine
   * has one for all, which takes one transaction at a time.
   */
  readonly ownBackEnds: boolean
  /** Where it is, for messages: never holds a password. */
  readonly description: string
  /** `server_version_num` as the server gives it: 150017, 180003. */
  readonly serverVersion: number

  /** One statement on any connection. */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryAnswer<Row>>

  /** Lends one connection to `work`. A connection that broke is thrown away afterwards. */
  session<T>(work: (session: Session) => Promise<T>, options?: QueryOptions): Promise<T>

  /** Like {@link session}, between BEGIN (READ COMMITTED) and COMMIT; rolled back when `work` throws. */
  transaction<T>(work: (session: Session) => Promise<T>, options?: QueryOptions): Promise<T>

  /** The same on a session one already holds. */
  inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T>

  /**
   * Appends rows as they come, in constant memory: by COPY on PostgreSQL, in pieces of 5,000 rows on the embedded
   * engine, whose COPY over a socket breaks it. Returns how many rows went in.
   */
  copyRows(
    session: Session,
    table: string,
    columns: readonly CopyColumn[],
    rows: AsyncIterable<readonly CopyValue[]> | Iterable<readonly CopyValue[]>,
  ): Promise<number>

  /** Gives back the room of rows that were replaced, where no server does so by itself. */
  tidy(): Promise<void>

  /** Tells others who share the database that this process is about to end; of no meaning for a server. */
  announceEnd(): Promise<void>

  /** Ends all connections; the process that owns the embedded engine closes it. */
  close(): Promise<void>
}
