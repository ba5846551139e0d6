/**
 * A finished engine with its extensions and our empty tables, packed by the build: a first start unpacks it in a second
 * instead of making one in ten. Its name says of which engine and which migrations it was made.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { extract } from 'tar'
import { libraryFolder, libraryVersion, packageFile } from '../../package.ts'
import { readMigrations } from '../migrate.ts'
import { postgis } from './postgis.ts'

type CompiledEngine = NonNullable<PGliteOptions['pgliteWasmModule']>
/** Which the types of Node do not have. */
declare const WebAssembly: { compile(program: Uint8Array): Promise<CompiledEngine> }

/**
 * Begins to compile the engine, on other threads, so that this one can unpack its folder meanwhile.
 * @returns undefined where its file is not where we look: the library compiles it then
 */
export function compileEngine(): Promise<CompiledEngine> | undefined {
  const file = join(libraryFolder('@electric-sql/pglite'), 'dist/pglite.wasm')
  return existsSync(file) ? WebAssembly.compile(readFileSync(file)) : undefined
}

/** The engine of a folder, which is made if it is not there, with the extensions that our tables need. */
export async function startEngineIn(folder: string, compiled = compileEngine()): Promise<PGlite> {
  const pgliteWasmModule = await compiled
  const engine = await PGlite.create({
    dataDir: folder,
    extensions: { postgis, pg_trgm },
    ...(pgliteWasmModule && { pgliteWasmModule }),
  })
  await engine.exec('CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS pg_trgm')
  return engine
}

/**
 * Unpacks the template where there is no engine yet. All or nothing: what a kill leaves half unpacked has another
 * name, and goes the next time.
 *
 * @returns whether it did; without a template of this engine's version the engine makes its folder itself
 */
export async function unpackTemplate(engineFolder: string, file = templateFile()): Promise<boolean> {
  if (!existsSync(file) || !(await isVacant(engineFolder))) return false
  const unpacking = `${engineFolder}.unpacking`
  await rm(unpacking, { recursive: true, force: true })
  await mkdir(unpacking, { recursive: true, mode: 0o700 })
  try {
    // Synchronously: it is quicker, this thread has nothing else to do, and after a fault nothing goes on writing.
    extract({ sync: true, file, cwd: unpacking, preserveOwner: false, noMtime: true, strict: true })
    await rm(engineFolder, { recursive: true, force: true })
    await rename(unpacking, engineFolder)
    return true
  } catch (error) {
    await rm(unpacking, { recursive: true, force: true })
    // A damaged template only costs the time that it would have saved; a full disk would stop the engine too.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error
    return false
  }
}

async function isVacant(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}

/** What the build leaves out; changed with it, so that no older template serves. */
const templateRecipe = 'one database, one segment'

/** The template of these versions of the engine and of these migrations, in dist/, where the build puts it. */
export function templateFile(): string {
  const hash = createHash('sha256').update(`${templateRecipe}\n`)
  for (const { name, checksum } of readMigrations()) hash.update(`${name} ${checksum}\n`)
  const parts = ['pglite', 'pglite-postgis'].map((name) => libraryVersion(`@electric-sql/${name}`))
  return packageFile(`dist/engine-template-${[...parts, hash.digest('hex').slice(0, 12)].join('-')}.tar.gz`)
}
