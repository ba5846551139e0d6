import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadVocabularies, vocabulariesFolder, writeCfStandardNames } from '../../src/config/vocabularies.ts'
import { indexVocabularies } from '../../src/rules/vocabularies.ts'

describe('the vocabularies of the package', () => {
  const data = loadVocabularies()
  const vocabularies = indexVocabularies(data)

  test('are read once', () => {
    expect(loadVocabularies()).toBe(data)
  })

  test('have a CF table of version 93 or later with its thousands of names', () => {
    expect(Number(data.cfStandardNames.version)).toBeGreaterThanOrEqual(93)
    expect(data.cfStandardNames.names.length).toBeGreaterThan(5000)
    expect(Object.keys(data.cfStandardNames.aliases).length).toBeGreaterThan(500)
    expect(vocabularies.cfNames.has('sea_water_temperature')).toBe(true)
    expect(vocabularies.cfNames.has('chlorophyll_concentration_in_sea_water')).toBe(true)
    expect(vocabularies.cfNames.has('temperature_of_tea')).toBe(false)
  })

  test('map 35 ocean variables in their order', () => {
    expect(data.oceanVariables).toHaveLength(35)
    expect(data.oceanVariables.slice(0, 3).map(({ name }) => name)).toEqual([
      'oxygen',
      'nutrients',
      'inorganicCarbon',
    ])
    expect(data.oceanVariables.at(-1)).toEqual({ name: 'oceanBottomPressure', standardNames: [] })
    expect(data.oceanVariables.find(({ name }) => name === 'seaIce')?.standardNames).toEqual([
      'sea_ice_draft',
      'sea_ice_thickness',
    ])
  })

  test('name each ocean variable once, and each of its standard names once', () => {
    const names = data.oceanVariables.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { standardNames } of data.oceanVariables)
      expect(new Set(standardNames).size).toBe(standardNames.length)
  })

  test('map ocean variables by names that CF has, but for one that only datasets have', () => {
    expect([...vocabularies.mappedNames].filter((name) => !vocabularies.cfNames.has(name))).toEqual([
      'concentration_of_chlorophyll',
    ])
  })

  test('have the 85 platforms of L06, and 32 of IOOS whose codes L06 all has', () => {
    expect(data.platforms.l06).toHaveLength(85)
    expect(new Set(data.platforms.l06.map(({ code }) => code)).size).toBe(85)
    expect(data.platforms.ioos).toHaveLength(32)
    expect(vocabularies.categoryOfL06Label.size).toBe(85)
    expect(vocabularies.categoryOfIoosLabel.size).toBe(32)
    expect(vocabularies.categoryOfIoosLabel.get('glider')).toBe('submersible')
    expect(vocabularies.categoryOfL06Label.get('sub-surface gliders')).toBe('autonomous underwater vehicle')
  })
})

describe('a folder of vocabularies', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vocabularies-'))
    cpSync(vocabulariesFolder, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is an error that names the file which is missing or broken', () => {
    writeFileSync(join(folder, 'platforms.json'), '{"source":"x","date":"2026-01-01","l06":[],"ioos":[]}')
    expect(() => loadVocabularies(folder)).toThrow(/platforms\.json cannot be used/)
    rmSync(join(folder, 'ocean-variables.json'))
    expect(() => loadVocabularies(folder)).toThrow(/ocean-variables\.json cannot be used/)
  })

  test('gives what was written to it, and keeps no temporary file', async () => {
    const before = loadVocabularies(folder)
    const content = { ...before.cfStandardNames, version: '99', date: '2026-02-03' }
    await writeCfStandardNames(content, folder)
    expect(loadVocabularies(folder).cfStandardNames).toEqual(content)
    expect(readdirSync(folder).sort()).toEqual([
      'cf-standard-names.json',
      'ocean-variables.json',
      'platforms.json',
    ])
  })

  test('that cannot be written to is an error that says so', async () => {
    const { cfStandardNames } = loadVocabularies(folder)
    await expect(writeCfStandardNames(cfStandardNames, join(folder, 'missing'))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
    })
  })
})
