/** The thread of the embedded engine: its statements block whatever thread they run in. */
import { createServer, type Server } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { PGLiteSocketHandler, type PGLiteSocketHandlerOptions } from '@electric-sql/pglite-socket'
import { compileEngine, startEngineIn, unpackTemplate } from './template.ts'
import { type RawEngine, TurnQueue } from './turns.ts'

/** What the thread is told, and tells. */
export interface EngineOrders {
  engineFolder: string
  socketPath: string
}
export type EngineReport =
  /** A part of the start is done: a sign of life. */
  { type: 'step' } | { type: 'ready' } | { type: 'closed' } | { type: 'failed'; message: string }

const maxClients = 100
const orders = workerData as EngineOrders
const report = (message: EngineReport) => parentPort?.postMessage(message)

function listen(engine: RawEngine): Promise<{ server: Server; handlers: Set<PGLiteSocketHandler> }> {
  // The handlers only call these methods; the class is not exported by the library.
  const queryQueue = new TurnQueue(engine) as unknown as PGLiteSocketHandlerOptions['queryQueue']
  const handlers = new Set<PGLiteSocketHandler>()
  const server = createServer((socket) => {
    const handler = new PGLiteSocketHandler({ queryQueue, closeOnDetach: true })
    handlers.add(handler)
    handler.addEventListener('close', () => handlers.delete(handler))
    handler.addEventListener('error', () => handlers.delete(handler))
    socket.on('error', () => handlers.delete(handler))
    handler.attach(socket).catch(() => socket.destroy())
  })
  server.maxConnections = maxClients
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(orders.socketPath, () => resolve({ server, handlers }))
  })
}

try {
  report({ type: 'step' })
  const compiled = compileEngine()
  await unpackTemplate(orders.engineFolder)
  report({ type: 'step' })
  const engine = await startEngineIn(orders.engineFolder, compiled)
  report({ type: 'step' })
  const { server, handlers } = await listen(engine)
  parentPort?.on('message', async (message: unknown) => {
    if (message !== 'close') return
    server.close()
    for (const handler of [...handlers]) await handler.detach(true).catch(() => undefined)
    await engine.close().catch(() => undefined)
    report({ type: 'closed' })
    parentPort?.close()
  })
  report({ type: 'ready' })
} catch (error) {
  report({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
}
