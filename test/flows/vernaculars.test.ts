import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { describeVernaculars } from './vernaculars.suite.ts'

let folder: string | undefined
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true })
})

describeVernaculars('the embedded engine', async () => {
  folder = await mkdtemp(join(tmpdir(), 'harvester-vernaculars-'))
  return openDatabase({ kind: 'embedded', dataFolder: folder })
})
