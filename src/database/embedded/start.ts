/** Starts the engine in a thread of its own, and sees to it that the start ends: ready, failed, cancelled or stuck. */
import type { Worker } from 'node:worker_threads'
import { describeError, HarvesterError } from '../../errors.ts'
import { startThread } from '../../package.ts'
import { setV8Flag } from '../../process/v8.ts'
import { roomRemedy, signOfWriting } from './folder.ts'
import type { EngineOrders, EngineReport } from './worker.ts'

export interface StartOptions {
  signal?: AbortSignal | undefined
  /** How long the start may show no sign of life. @default 180 s, many times what a busy machine needs */
  stallMilliseconds?: number | undefined
  /** Called when the thread ends after its start without having been told to. */
  onLost?: (() => void) | undefined
}

export interface EngineThread {
  /** Ends the engine in good order. */
  close(): Promise<void>
}

const defaultStallMilliseconds = 180_000

/**
 * Resolves when the engine answers. In every other case the thread is gone when this rejects.
 *
 * @throws HarvesterError CANCELLED, WRITE_FAILED (the disk is full), DATABASE_UNREACHABLE (it does not start, or is stuck)
 */
export async function startEngineThread(
  orders: EngineOrders,
  folder: string,
  options: StartOptions,
): Promise<EngineThread> {
  options.signal?.throwIfAborted()
  // Of 10 MB of the engine's code a start calls little: V8 checks each function when it is called, and not all before.
  setV8Flag('--wasm-lazy-validation', 24)
  // What later versions have by default: less is compiled a second time beside a first load.
  setV8Flag('--wasm-tiering-budget=13000000', 20)
  const worker = startThread('database/embedded/worker', orders)
  const watch = watchdog(worker, orders.engineFolder, options.stallMilliseconds ?? defaultStallMilliseconds)
  const cancelled = cancellation(options.signal)
  try {
    await Promise.race([heard(worker, 'ready'), watch.stalled, cancelled.happened])
  } catch (error) {
    await worker.terminate()
    throw startFailure(error, folder)
  } finally {
    watch.end()
    cancelled.forget()
  }
  let told = false
  worker.once('exit', () => {
    if (!told) options.onLost?.()
  })
  return {
    async close() {
      told = true
      const closed = heard(worker, 'closed')
      worker.postMessage('close')
      await closed.catch(() => undefined)
      await worker.terminate()
    },
  }
}

function startFailure(error: unknown, folder: string): HarvesterError {
  if (error instanceof HarvesterError) return error
  if (/no space left|ENOSPC|disk quota|EDQUOT/i.test(describeError(error)))
    return new HarvesterError(
      'WRITE_FAILED',
      `The disk is full: the embedded database in ${folder} does not start`,
      {
        cause: error,
        remedy: roomRemedy,
      },
    )
  return new HarvesterError('DATABASE_UNREACHABLE', `The embedded database in ${folder} does not start`, {
    cause: error,
    remedy:
      'If it was damaged, move the folder away: a new one is made, and `harvester load FOLDER` fills it.',
  })
}

/** Signs of life are the thread's reports, and whatever is written. */
function watchdog(worker: Worker, engineFolder: string, stallMilliseconds: number) {
  let fail: (error: Error) => void = () => {}
  const stalled = new Promise<never>((_, reject) => {
    fail = reject
  })
  let lastSign = Date.now()
  let written = ''
  worker.on('message', () => {
    lastSign = Date.now()
  })
  let looking = false
  const timer = setInterval(
    async () => {
      if (looking) return
      looking = true
      const now = await signOfWriting(engineFolder)
      looking = false
      if (now !== written) lastSign = Date.now()
      written = now
      if (Date.now() - lastSign < stallMilliseconds) return
      fail(
        new HarvesterError(
          'DATABASE_UNREACHABLE',
          `The embedded database in ${engineFolder} made no progress for ${Math.round(stallMilliseconds / 1000)} s while it was started`,
          {
            remedy:
              'Make sure that the disk has room and responds, then start again; or set DATABASE_URL to a PostgreSQL.',
          },
        ),
      )
    },
    Math.min(2000, stallMilliseconds / 2),
  )
  stalled.catch(() => {})
  return { stalled, end: () => clearInterval(timer) }
}

function cancellation(signal: AbortSignal | undefined) {
  let onAbort = () => {}
  const happened = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        new HarvesterError('CANCELLED', 'stopped while the embedded database was started', {
          cause: signal?.reason,
        }),
      )
  })
  happened.catch(() => {})
  signal?.addEventListener('abort', onAbort, { once: true })
  return { happened, forget: () => signal?.removeEventListener('abort', onAbort) }
}

function heard(worker: Worker, type: EngineReport['type']): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: EngineReport) => {
      if (report.type === type) resolve()
      else if (report.type === 'failed') reject(new Error(report.message))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`its thread ended with code ${code}`)))
  })
}
