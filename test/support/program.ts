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

/** Arguments of `node` that run a file of TypeScript, named from the project's folder. */
export function typescript(file: string): string[] {
  return ['--import', typescriptLoader, join(root, file)]
}

/** Arguments of `node` that run `harvester` as it is installed; test/support/compile.ts has compiled it. */
export const harvesterProgram: readonly string[] = [join(root, 'bin/harvester.js')]
