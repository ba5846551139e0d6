/** Preloaded into a process (`node --import`): threads never come to an end, and never say anything. */
import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'

const Real = threads.Worker
threads.Worker = class extends Real {
  constructor() {
    super('for (;;);', { eval: true })
  }
}
syncBuiltinESMExports()
