/** The package that this program is: the folder where it stands, what else lies there, its version, and its threads. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

/** Whether this runs from `src/` (tests), and not as the build has made it. */
const fromSource = import.meta.url.endsWith('.ts')

/** A bundler moves modules, so that a path beside one of them would lead elsewhere: only the package stands still. */
export const packageFolder: string = (() => {
  const here = dirname(fileURLToPath(import.meta.url))
  let folder = here
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder)
      throw new Error(`No package.json above ${here}: install the package again.`)
    folder = dirname(folder)
  }
  return folder
})()

/** A file or folder of the package, named from its folder. */
export function packageFile(name: string): string {
  return join(packageFolder, name)
}

/** A file of the program that is no module, beside its sources or where the build has copied it. */
export function programFile(name: string): string {
  return packageFile(join(fromSource ? 'src' : 'dist', name))
}

/**
 * Starts a module of the program as a thread. Compiled, it runs as it is, being an entry of scripts/build.mjs; from source
 * (tests) it first needs a loader for TypeScript.
 */
export function startThread(module: string, workerData: unknown): Worker {
  if (!fromSource) return new Worker(packageFile(`dist/${module}.js`), { workerData })
  const loader = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href
  const entry = pathToFileURL(packageFile(`src/${module}.ts`)).href
  const start = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry)}) })`
  return new Worker(start, { eval: true, workerData, execArgv: [] })
}

/** Where a library is installed. */
export function libraryFolder(name: string): string {
  return dirname(dirname(createRequire(import.meta.url).resolve(name)))
}

/** The version of a library that is installed, also of one that does not export its package.json. */
export function libraryVersion(name: string): string {
  return (JSON.parse(readFileSync(join(libraryFolder(name), 'package.json'), 'utf8')) as { version: string })
    .version
}

export const version: string = (
  JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }
).version
