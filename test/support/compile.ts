/** Before all tests: compiles the program that they start as a process, and programs of their own, where needed. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { root, testPrograms, testProgramsFolder } from './program.ts'

export default async function compile(): Promise<() => void> {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--program'], { stdio: 'inherit' })
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: testPrograms.map((name) => `test/support/${name}.ts`),
    outdir: testProgramsFolder,
    bundle: true,
    write: false,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
  })
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    // Another run may be starting the same.
    const writing = `${path}.${process.pid}`
    writeFileSync(writing, contents)
    renameSync(writing, path)
  }
  // Processes that stay are ended by force, and could not remove their engines.
  const engines = mkdtempSync(join(tmpdir(), 'harvester-engines-'))
  process.env.TEST_ENGINES = engines
  return () => rmSync(engines, { recursive: true, force: true, maxRetries: 10 })
}
