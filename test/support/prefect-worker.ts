/** A worker in a process of its own, to be killed. Says READY, and takes SIGTERM as the product's command does. */
import { createPrefectBackend, flowRegistry, prefectSettings, startWorker } from '../../src/runs/index.ts'
import { flows, harvestPool, maintenancePool } from './prefect-flows.ts'

const settings = prefectSettings(process.env)
if (!settings) throw new Error('PREFECT_API_URL is not set')
const tell = (text: string, facts: Record<string, unknown>) => console.log(text, JSON.stringify(facts))
const backend = createPrefectBackend({
  settings,
  onProblem: tell,
  heartbeatSeconds: Number(process.env.TEST_HEARTBEAT ?? 30),
})
const worker = await startWorker({
  backend,
  flows: flowRegistry(flows),
  pools: [harvestPool, maintenancePool],
  limit: Number(process.env.TEST_LIMIT ?? 4),
  name: process.env.TEST_WORKER ?? null,
  slotFolder: process.env.TEST_SLOTS ?? '/tmp',
  registration: null,
  graceSeconds: Number(process.env.TEST_GRACE ?? 1),
  onStop: process.env.TEST_ON_STOP === 'crash' ? 'crash' : 'reschedule',
  onLog: (line) => console.log('LOG', line.flowRunId, line.text.slice(0, 200)),
  onProblem: tell,
  onInfo: tell,
})
console.log(`READY ${worker.name}`)
process.on('SIGTERM', async () => {
  await worker.stop()
  await backend.close()
  process.exit(0)
})
