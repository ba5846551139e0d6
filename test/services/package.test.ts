/** The package as a user installs it: from the archive, with its dependencies from the registry, into an empty folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { packInto, run } from '../support/package.ts'
import { root } from '../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'harvester-install-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('an installed package runs, with no package that it does not ask for', {
  timeout: 600_000,
}, async () => {
  const { archive } = await packInto(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--no-audit', '--no-fund', archive], { cwd: folder, maxBuffer: 1e8 })
  const { stdout } = await run('npx', ['--offline', 'erddap-harvester', '--version'], { cwd: folder })
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  const env = { PATH: process.env.PATH, HOME: folder }
  const once = ['--offline', 'erddap-harvester', 'start', '--once']
  expect((await run('npx', once, { cwd: folder, env, maxBuffer: 1e8 })).stdout).toContain('harvested')
  // Ends with 1 for whatever is extraneous, missing or of a wrong version.
  await run('npm', ['ls', '--all'], { cwd: folder, maxBuffer: 1e8 })
  await run('npm', ['ls', '--all', '--omit=dev'], { cwd: root, maxBuffer: 1e8 })
})
