/** Before all tests: compiles the program that tests start as a process, where its sources are newer. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './program.ts'

export default function compile(): void {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--program'], { stdio: 'inherit' })
}
