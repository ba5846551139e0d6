/** A process that owns an embedded database until it is killed: `embedded-owner.ts DATA_FOLDER`. */
import { openDatabase } from '../../src/database/open.ts'

const database = await openDatabase({ kind: 'embedded', dataFolder: process.argv[2]! })
await database.query('CREATE TABLE IF NOT EXISTS public.kept (n int PRIMARY KEY)')
for (let n = 0; n < 50; n++) await database.query('INSERT INTO public.kept VALUES ($1)', [n])
process.stdout.write('ready\n')
setInterval(() => {}, 1000)
