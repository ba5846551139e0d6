import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { completed, flow, task } from '../../src/runs/index.ts'

/** Two trivial tasks, as `flow.py` has them. */
const first = task({ name: 'first', run: async (n: number) => n + 1 })
const second = task({ name: 'second', run: async (n: number) => n * 2 })

export const small = flow({
  name: 'Bench Small',
  description: 'Two trivial tasks and a wait.',
  parameters: z.object({ seconds: z.number().default(0) }),
  runName: () => 'small',
  run: async ({ seconds }, run) => {
    const one = run.task(first, 1)
    const two = run.task(second, await one, { after: [one] })
    run.log.info({ result: await two }, 'computed')
    await sleep(seconds * 1000, undefined, { signal: run.signal })
    return completed('done')
  },
})
