/** Our worker with the small flow, in a process of its own so that its memory can be measured. */
import { createPrefectBackend, flowRegistry, prefectSettings, startWorker } from '../../src/runs/index.ts'
import type { AnyFlow } from '../../src/runs/registry.ts'
import { small } from './flow.ts'

const settings = prefectSettings(process.env)
if (!settings) throw new Error('PREFECT_API_URL is not set')
const flow = small as unknown as AnyFlow
const backend = createPrefectBackend({ settings })
const worker = await startWorker({
  backend,
  flows: flowRegistry([flow]),
  pools: ['bench-node'],
  limit: 4,
  name: 'bench',
  slotFolder: '/tmp',
  registration: {
    namespace: 'bench',
    pools: [{ name: 'bench-node', concurrencyLimit: null }],
    deployments: [
      {
        name: 'small',
        flow,
        parameters: {},
        schedule: null,
        concurrencyLimit: null,
        tags: [],
        workPool: 'bench-node',
        description: '',
        version: '1',
      },
    ],
  },
})
console.log('READY')
process.on('SIGTERM', async () => {
  await worker.stop()
  process.exit(0)
})
