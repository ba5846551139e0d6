import { describeError } from '../../errors.ts'
import { amount } from '../../text.ts'
import { type StepContext, type StepServices, stepFailed } from './step.ts'

/** A cache is emptied in well under a second; a Redis that takes longer is in trouble. */
const timeLimitMs = 20_000
const connectMs = 10_000

/**
 * Empties the database that REDIS_URL names, and no other of that server: FLUSHDB, since a portal's cache may share a
 * Redis with the queues of others.
 * @throws HarvesterError STEP_FAILED
 */
export async function flushRedis(
  services: Pick<StepServices, 'variables'>,
  context: StepContext,
): Promise<void> {
  const url = services.variables.REDIS_URL?.trim()
  if (!url)
    throw stepFailed(
      'REDIS_URL is not set',
      'Set it where this worker runs, as redis://:password@host:6379/0 (rediss:// for TLS), or remove the step.',
    )
  // Loaded when it is needed: most processes never flush anything.
  const { createClient } = await import('redis')
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(timeLimitMs)])
  const client = open(url)
  // Every failure also rejects what is awaited below.
  client.on('error', () => {})
  const end = () => {
    if (client.isOpen) client.destroy()
  }
  limit.addEventListener('abort', end, { once: true })
  try {
    const keys = await aborting(limit, async () => {
      await client.connect()
      const count = await client.dbSize()
      await client.flushDb()
      return count
    })
    context.log.info({ keys }, `${amount(keys, 'key')} removed from Redis`)
  } catch (error) {
    context.signal.throwIfAborted()
    throw stepFailed(
      limit.aborted
        ? `Redis did not answer within ${timeLimitMs / 1000} s`
        : `Redis could not be emptied: ${describeError(error)}`,
      'Check REDIS_URL, and that its user may run FLUSHDB.',
      { transient: !/NOAUTH|WRONGPASS|NOPERM|ERR /.test(String(error)) },
    )
  } finally {
    limit.removeEventListener('abort', end)
    end()
  }

  function open(url: string) {
    try {
      return createClient({
        url,
        socket: { connectTimeout: connectMs, reconnectStrategy: false },
      })
    } catch {
      // What the client says of an address may hold its password.
      throw stepFailed(
        'REDIS_URL is not an address of a Redis database',
        'Write it as redis://:password@host:6379/0 (rediss:// for TLS).',
      )
    }
  }
}

/** Ends with the work or with the signal, whichever comes first. */
async function aborting<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let onAbort: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
