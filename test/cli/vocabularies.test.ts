import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { updateCfStandardNames } from '../../src/cli/vocabularies.ts'
import { loadVocabularies, vocabulariesFolder } from '../../src/config/vocabularies.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vocabularies-'))
  cpSync(vocabulariesFolder, folder, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const listFile = () => readFileSync(join(folder, 'cf-standard-names.json'), 'utf8')

/** The table that the package has now, as XML, with more names and of another version. */
function tableXml(version: string, ...more: string[]): string {
  const { names, aliases } = loadVocabularies(folder).cfStandardNames
  const entries = [...names, ...more].map(
    (name) => `<entry id="${name}"><description>x</description></entry>`,
  )
  const former = Object.entries(aliases).map(
    ([id, targets]) =>
      `<alias id="${id}">${targets.map((target) => `<entry_id>${target}</entry_id>`).join('')}</alias>`,
  )
  const body = [...entries, ...former].join('')
  return `<standard_name_table><version_number>${version}</version_number>${body}</standard_name_table>`
}

async function served(status: number, body: string, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/table.xml`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('an update from a file writes the list with its source, and says what was added and removed', async () => {
  const from = join(folder, 'table.xml')
  writeFileSync(
    from,
    tableXml('999', 'sea_water_flavour').replace(
      '<entry id="sea_water_temperature">',
      '<entry id="sea_water_warmth">',
    ),
  )
  const told = await updateCfStandardNames({ from, url: '', folder })
  expect(told).toContain('→ 999')
  expect(told).toContain('2 added: sea_water_flavour, sea_water_warmth')
  expect(told).toContain('1 removed: sea_water_temperature')
  expect(told).toContain('2 of ocean variables not in the table')
  const { cfStandardNames } = loadVocabularies(folder)
  expect(cfStandardNames).toMatchObject({ version: '999', source: 'CF standard name table, file table.xml' })
  expect(cfStandardNames.names).toContain('sea_water_flavour')
})

test('an update from an address writes the list with that address', async () => {
  await served(200, tableXml('999', 'sea_water_flavour'), async (url) => {
    await updateCfStandardNames({ url, folder })
    expect(loadVocabularies(folder).cfStandardNames).toMatchObject({ version: '999', source: url })
  })
})

test('an update that changes nothing writes nothing', async () => {
  const before = listFile()
  const from = join(folder, 'table.xml')
  writeFileSync(from, tableXml(loadVocabularies(folder).cfStandardNames.version))
  expect(await updateCfStandardNames({ from, url: '', folder })).toContain('already')
  expect(listFile()).toBe(before)
})

test('nonsense is refused, and the list stays', async () => {
  const before = listFile()
  await served(200, '<html><body>moved</body></html>', async (url) => {
    await expect(updateCfStandardNames({ url, folder })).rejects.toMatchObject({ code: 'VOCABULARY_INVALID' })
  })
  await served(404, 'gone', async (url) => {
    await expect(updateCfStandardNames({ url, folder })).rejects.toMatchObject({ code: 'HTTP_STATUS' })
  })
  const from = join(folder, 'table.xml')
  writeFileSync(from, tableXml('12'))
  await expect(updateCfStandardNames({ from, url: '', folder })).rejects.toMatchObject({
    code: 'VOCABULARY_INVALID',
  })
  expect(listFile()).toBe(before)
})

test('a file that is not there is wrong usage', async () => {
  const from = join(folder, 'nowhere.xml')
  await expect(updateCfStandardNames({ from, url: '', folder })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(from),
  })
})
