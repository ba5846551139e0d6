/** Writes the API's description to standard output, as the API itself tells it: `npm run lint:api` judges it. */
import type { Database } from '../src/database/port.ts'
import { buildApp } from '../src/serve/app.ts'
import { settingsOf } from '../src/serve/options.ts'

// The description is made from the routes alone: nothing is asked.
const nobody = new Proxy({} as Database, {
  get(_, name) {
    throw new Error(`the description of the API asked the database (${String(name)})`)
  },
})
const app = await buildApp(settingsOf({ database: nobody, cacheSeconds: 0 }))
const answer = await app.fetch(new Request('http://localhost/api/openapi.json'))
process.stdout.write(await answer.text())
app.live.close()
