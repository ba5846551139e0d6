/** The look-alike server of the benchmark, in a process of its own, so that it costs the measured one nothing. */
import { startErddap } from '../../src/demo/erddap.ts'
import { cases } from './datasets.ts'

const server = await startErddap({ datasets: cases.map(({ dataset }) => dataset) })
process.stdout.write(`${server.url}\n`)
