/**
 * A look-alike ERDDAP or CKAN in a process of its own, to be killed, frozen and started again.
 * Arguments: `erddap` or `catalogue`, the content, the port, the address that clients know ERDDAP by.
 */
import { startCkan } from '../../src/demo/ckan.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { type Content, datasetsOf, recordsOf } from './content.ts'

const [, , what, content, port, publicUrl] = process.argv as [string, string, string, Content, string, string]
// One answer takes a while, as at a real server, so that a harvest lasts long enough to be disturbed.
const latencyMs = 25
const started =
  what === 'erddap'
    ? await startErddap({ datasets: datasetsOf(content), port: Number(port), publicUrl, latencyMs })
    : await startCkan({ records: recordsOf(content, publicUrl), port: Number(port), rowsCap: 5, latencyMs })
if ('onRequest' in started) started.onRequest(() => void process.send?.('request'))
process.send?.({ port: started.port })
process.on('disconnect', () => process.exit(0))
