/**
 * A standalone process on a shared PostgreSQL, to be killed. Its tasks note in a table when they hold the slot of the
 * tag `database`, and how many others did so at that moment.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { openDatabase } from '../../src/database/open.ts'
import { databaseSettings } from '../../src/database/settings.ts'
import { databaseRunStore } from '../../src/inventory/run-store.ts'
import {
  type AnyFlow,
  completed,
  createLocalBackend,
  flow,
  startStandalone,
  task,
} from '../../src/runs/index.ts'
import { spec } from './prefect-flows.ts'

const database = await openDatabase(databaseSettings(process.env))

const load = task({
  name: 'load',
  tags: ['database'],
  run: async (seconds: number, at) => {
    const id = at.id
    await database.query('INSERT INTO public.inside (id, worker) VALUES ($1, $2)', [
      id,
      process.env.TEST_WORKER,
    ])
    await database.query(
      'INSERT INTO public.seen (at_once) SELECT count(*) FROM public.inside WHERE worker <> $1 OR id = $2',
      ['killed', id],
    )
    try {
      await sleep(seconds * 1000, undefined, { signal: at.signal })
    } finally {
      await database.query('DELETE FROM public.inside WHERE id = $1', [id])
    }
  },
})
const loads = flow({
  name: 'Loads',
  description: 'Loads, and takes its time.',
  parameters: z.object({ seconds: z.number().default(0.2) }),
  runName: () => 'loads',
  run: async ({ seconds }, run) => {
    await run.task(load, seconds)
    return completed('loaded')
  },
}) as unknown as AnyFlow

const backend = createLocalBackend({
  store: databaseRunStore(database),
  deployments: [spec('loads', loads), spec('loads-elsewhere', loads, { workPool: 'other' })],
  pools: [],
  tagLimits: { database: Number(process.env.TEST_TAG_LIMIT ?? 1) },
  slotSeconds: Number(process.env.TEST_SLOT_SECONDS ?? 60),
  worker: process.env.TEST_WORKER ?? 'w',
})
const standalone = await startStandalone({
  backend,
  limit: 4,
  graceSeconds: 0,
  pollMs: 100,
  onProblem: (text, facts) => console.log(text, JSON.stringify(facts)),
})
process.stdout.write('READY\n')
process.on('SIGTERM', async () => {
  await standalone.stop()
  await database.close()
  process.exit(0)
})
