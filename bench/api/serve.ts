/** The server of the benchmark, in a process of its own: settings of the database as JSON in the environment. */
import { openDatabase } from '../../src/database/open.ts'
import type { DatabaseSettings } from '../../src/database/settings.ts'
import { createServer } from '../../src/serve/server.ts'

const settings = JSON.parse(process.env.BENCH_DATABASE ?? '{}') as DatabaseSettings
const database = await openDatabase(settings)
const server = createServer({ database, port: 0, cacheSeconds: Number(process.env.BENCH_CACHE_SECONDS ?? 1) })
process.stdout.write(`${await server.listen()}\n`)
