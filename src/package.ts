/** The package that this program is: the folder where it stands, what else lies there, and its version. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether this runs from `src/` (tests), and not as the build has made it. */
export const fromSource = import.meta.url.endsWith('.ts')

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

export const version: string = (
  JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }
).version
