import { describe, expect, test } from 'vitest'
import { type CfStandardNames, compareCfTables, parseCfTable } from '../../src/config/cf-table.ts'
import { isHarvesterError } from '../../src/errors.ts'

const manyNames = Array.from({ length: 1200 }, (_, index) => `name_${String(index).padStart(4, '0')}`)

function tableXml({ version = '94', names = manyNames, rest = '' } = {}): string {
  const entries = names.map(
    (name) =>
      `<entry id="${name}"><canonical_units>1</canonical_units><description>a &lt; b &amp; c</description></entry>`,
  )
  return `<?xml version="1.0"?><standard_name_table>
    <version_number>${version}</version_number><last_modified>2026-03-17T10:53:20Z</last_modified>
    ${entries.join('\n')}${rest}</standard_name_table>`
}

const alias = (id: string, ...targets: string[]) =>
  `<alias id="${id}">${targets.map((target) => `<entry_id>${target}</entry_id>`).join('')}</alias>`

const refuses = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return isHarvesterError(error, 'VOCABULARY_INVALID') ? error.message : `other: ${String(error)}`
  }
  return 'nothing refused'
}

describe('the CF table', () => {
  test('gives its version, names and former names', () => {
    const xml = tableXml({
      rest: alias('old_one', 'name_0001') + alias('split_one', 'name_0002', 'name_0003'),
    })
    expect(parseCfTable(xml)).toEqual({
      version: '94',
      modified: '2026-03-17T10:53:20Z',
      names: manyNames,
      aliases: { old_one: ['name_0001'], split_one: ['name_0002', 'name_0003'] },
    })
  })

  test('gives its names by code point, once each, whatever their order', () => {
    const names = [...manyNames].reverse().concat('name_0007')
    expect(parseCfTable(tableXml({ names })).names).toEqual(manyNames)
  })

  test('may have no alias, or one', () => {
    expect(parseCfTable(tableXml()).aliases).toEqual({})
    expect(parseCfTable(tableXml({ rest: alias('old_one', 'name_0001') })).aliases).toEqual({
      old_one: ['name_0001'],
    })
  })

  test.each([
    ['nothing', ''],
    ['a page', '<!DOCTYPE html><html><body>Not found</body></html>'],
    ['another XML', '<feed><entry id="a"/></feed>'],
    ['a table that was cut off', tableXml().slice(0, 40_000)],
    ['a table with few names', tableXml({ names: manyNames.slice(0, 10) })],
    ['a table without version', tableXml({ version: '' })],
    ['a table whose version is no number', tableXml({ version: 'current' })],
    ['a name that is none', tableXml({ rest: '<entry id="a b"/>' })],
    ['JSON', '{"names": []}'],
  ])('is refused when it is %s', (_, xml) => {
    expect(refuses(() => parseCfTable(xml))).toMatch(/^this is no CF standard name table that can be used: /)
  })
})

describe('a table with something that is not closed', () => {
  test.each([
    ['a CDATA section', '<standard_name_table>\n\n<![CDATA[ a > b\n</standard_name_table>', 3],
    ['a CDATA section', '<standard_name_table></standard_name_table>\n<![CDATA[ a', 2],
    ['a comment', '<standard_name_table>\n<!-- </standard_name_table>', 2],
    ['a processing instruction', '<?xml version="1.0"\n<standard_name_table/>', 1],
  ])('says that it is %s, and its line', (what, xml, line) => {
    expect(refuses(() => parseCfTable(xml))).toContain(`${what} is not closed (line ${line})`)
  })

  test('is not one whose CDATA holds what begins another', () => {
    const xml = tableXml({ rest: '<note><![CDATA[ <!-- <?a ]]></note>' })
    expect(parseCfTable(xml).names).toEqual(manyNames)
  })
})

describe('a new table', () => {
  const tableOf = (
    version: string,
    names: string[],
    aliases: Record<string, string[]> = {},
  ): CfStandardNames => ({
    version,
    modified: null,
    names,
    aliases,
  })
  const present = tableOf('93', manyNames, { older: ['name_0001'] })

  test('changes what it adds and removes; a name that became an alias is still known', () => {
    const next = tableOf('94', [...manyNames.slice(2), 'brand_new'], {
      name_0000: ['brand_new'],
      older: ['brand_new'],
    })
    expect(compareCfTables(present, next)).toEqual({
      from: '93',
      to: '94',
      added: ['brand_new'],
      removed: ['name_0001'],
    })
  })

  test('is refused when it is older', () => {
    expect(refuses(() => compareCfTables(present, tableOf('92', manyNames)))).toContain('older')
  })

  test('is refused when it lacks much of what is known', () => {
    expect(refuses(() => compareCfTables(present, tableOf('94', manyNames.slice(100))))).toContain(
      'lacks 101 of the 1201',
    )
  })
})
