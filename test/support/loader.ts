/**
 * A loader that waits for its order, to be killed: says what state it finds, then loads the folder of its argument when
 * a line comes in. The database is that of the environment.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import { databaseSettings } from '../../src/database/settings.ts'
import { loadFolder } from '../../src/inventory/load/load.ts'
import { contentOf } from './snapshot.ts'

const database = await openDatabase(databaseSettings(process.env))
await migrate(database)
const content = JSON.stringify(await contentOf(database))
process.stdout.write(`found ${createHash('md5').update(content).digest('hex')}\n`)
await once(process.stdin, 'data')
const began = performance.now()
await loadFolder(database, process.argv[2]!, { mode: 'incremental' })
process.stdout.write(`loaded ${Math.round(performance.now() - began)}\n`)
await database.close()
process.exit()
