/**
 * How tests start programs of ours, in whatever folder the project lies: the path of a file is not the path of its
 * address, and `node --import` takes addresses.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The project's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** What `node --import` needs to run TypeScript. */
export const typescriptLoader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** Arguments of `node` that run `harvester` as it is installed; test/support/compile.ts has compiled it. */
export const harvesterProgram: readonly string[] = [join(root, 'bin/harvester.js')]

/** Programs of the tests that are started often: a compiled one starts in a quarter of the time. */
export const testPrograms = [
  'embedded-owner',
  'foreign-reader',
  'limited-process',
  'loader',
  'prefect-worker',
] as const
/** In the project, since they look for its packages and files from where they are. */
export const testProgramsFolder = join(root, '.cache/test-programs')

/** Arguments of `node` that run one of them; test/support/compile.ts has compiled it. */
export function testProgram(name: (typeof testPrograms)[number]): string[] {
  return [join(testProgramsFolder, `${name}.js`)]
}
