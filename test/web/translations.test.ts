import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { en } from '../../src/web/translations/en.ts'
import { fr } from '../../src/web/translations/fr.ts'

const english: Record<string, string> = en
const french: Record<string, string> = fr
const plural = /_(?:zero|one|two|few|many|other)$/

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort()
}

describe('the two languages', () => {
  test('have the same keys', () => {
    const keys = (words: Record<string, string>) =>
      [...new Set(Object.keys(words).map((key) => key.replace(plural, '')))].sort()
    expect(keys(french)).toEqual(keys(english))
  })

  test.each(['en', 'fr'])('have every form of a counted word that %s needs', (language) => {
    const words = language === 'en' ? english : french
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    const counted = new Set(
      Object.keys(words)
        .filter((key) => key.endsWith('_one'))
        .map((key) => key.slice(0, -4)),
    )
    expect(counted.size).toBeGreaterThan(5)
    for (const key of counted) for (const form of forms) expect(words).toHaveProperty([`${key}_${form}`])
  })

  test('speak of the same things in each sentence', () => {
    for (const [key, text] of Object.entries(english)) {
      const other = french[key] ?? ''
      expect([key, placeholders(other)]).toEqual([key, placeholders(text)])
    }
  })

  test('leave no sentence empty, nor untranslated where it is one', () => {
    for (const [key, text] of Object.entries(french)) {
      expect([key, text.trim()]).not.toEqual([key, ''])
      if (
        english[key]?.includes(' ') &&
        !/^[^\p{L}]*\{\{\w+\}\}[^\p{L}]*(\{\{\w+\}\})?$/u.test(text) &&
        text.length > 25
      ) {
        expect([key, text]).not.toEqual([key, english[key]])
      }
    }
  })
})

describe('reason codes', () => {
  test('of change detection have words wherever the harvest gives one', () => {
    const codes = new Set<string>()
    for (const file of sources('src/rules').concat(sources('src/sources'), sources('src/flows'))) {
      for (const [code] of readFileSync(file, 'utf8').matchAll(/\bHASH_[A-Z_]+\b/g)) codes.add(code)
    }
    for (const code of codes) expect(english).toHaveProperty([`hash.${code}`])
  })
})

describe('the keys', () => {
  test('that the pages name exist, and those that exist are named', () => {
    const code = sources('src/web')
      .filter((file) => !file.includes('translations') && !file.includes('generated'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const named = [...code.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] ?? '')
    const begun = [...code.matchAll(/`([a-z]+(?:\.[a-zA-Z]+)*\.)\$\{/g)].map((match) => match[1] ?? '')
    expect(named.length).toBeGreaterThan(80)
    const known = new Set(Object.keys(english).map((key) => key.replace(plural, '')))
    for (const key of named) expect([...known]).toContain(key)
    const unused = [...known].filter(
      (key) => !named.includes(key) && !begun.some((start) => key.startsWith(start)),
    )
    expect(unused).toEqual([])
  })
})

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}
