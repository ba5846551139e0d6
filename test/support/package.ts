/** The package as `npm pack` makes it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './program.ts'

export const run = promisify(execFile)

/** Packs what was built into a folder. Resolves to the archive and the names of the files in it. */
export async function packInto(folder: string): Promise<{ archive: string; files: string[] }> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 1e8 })
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
  return { archive: join(folder, packed!.filename), files: packed!.files.map(({ path }) => path) }
}
