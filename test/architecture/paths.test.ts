/** The project runs in any folder: the path of a file is not the path of its address, where "é" is "%C3%A9". */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/program.ts'

test('no address of a file is taken for its path', () => {
  const found: string[] = []
  for (const room of ['src', 'test', 'bench', 'scripts', 'bin', 'tools'])
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|tsx|mjs|js)$/.test(entry.name)) continue
      if (entry.parentPath.includes('node_modules')) continue
      const path = join(entry.parentPath, entry.name)
      if (/import\.meta\.url\s*,?\s*\)\s*\.pathname/.test(readFileSync(path, 'utf8'))) found.push(path)
    }
  expect(found).toEqual([])
})
