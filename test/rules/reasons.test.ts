import { describe, expect, test } from 'vitest'
import { loadVocabularies } from '../../src/config/vocabularies.ts'
import { failed, harvested, skipped, unchanged, withNote } from '../../src/rules/attempt.ts'
import {
  adviceOf,
  errorReasons,
  fact,
  languages,
  sentence,
  skipReasons,
  storedSentence,
  titleOf,
  warningCodes,
} from '../../src/rules/reasons/index.ts'
import type { RequestFault } from '../../src/rules/reasons/requests.ts'
import { variableName } from '../../src/rules/reasons/variables.ts'

const codes = [...skipReasons, ...errorReasons, ...warningCodes]

const refused: RequestFault = {
  kind: 'status',
  status: 500,
  sentence: 'Query error: something',
  meaning: 'bad-query',
  request: 'GET https://example.org/erddap/tabledap/a.csv?time',
  attempts: 1,
}

describe('a code', () => {
  test.each(codes)('%s has a title and an advice of its own in both languages', (code) => {
    for (const language of languages) {
      expect(titleOf(language, code)).not.toBe(code)
      expect(adviceOf(language, code)).toMatch(/[.?]$/)
    }
    expect(titleOf('fr', code)).not.toBe(titleOf('en', code))
    expect(adviceOf('fr', code)).not.toBe(adviceOf('en', code))
  })

  test('that nobody knows is its own title, and says where to look', () => {
    expect(titleOf('fr', 'FROM_TOMORROW')).toBe('FROM_TOMORROW')
    expect(adviceOf('fr', 'FROM_TOMORROW')).toMatch(/message/)
  })
})

describe('an outcome', () => {
  test('is code and values, with the English sentence beside them', () => {
    expect(skipped('MISSING_REQUIRED_VARS', { missing: ['time', 'latitude'] })).toEqual({
      status: 'skipped',
      reason: 'MISSING_REQUIRED_VARS',
      message: 'variables missing: time, latitude',
      facts: [{ code: 'MISSING_REQUIRED_VARS', values: { missing: ['time', 'latitude'] } }],
    })
  })

  test('without anything to say has no message', () => {
    expect(harvested()).toMatchObject({ message: null, facts: [] })
    expect(unchanged()).toMatchObject({ reason: 'UNCHANGED', message: null, facts: [] })
  })

  test('may have a note before what else is said of it', () => {
    const kept = withNote(harvested(fact('RECORD_CHANGED', {})), fact('KEPT', { from: '2026-01-01' }))
    expect(kept.facts.map(({ code }) => code)).toEqual(['KEPT', 'RECORD_CHANGED'])
    expect(kept.message).toMatch(/^kept from the interrupted run of 2026-01-01; only its record/)
  })
})

describe('a sentence', () => {
  test('begins with the words of the server, and ends with the request', () => {
    for (const language of languages)
      expect(sentence(language, fact('HTTP_ERROR', { fault: refused }))).toBe(
        'Query error: something [HTTP 500] (GET https://example.org/erddap/tabledap/a.csv?time)',
      )
  })

  test('says how often was asked, if more than once', () => {
    const said = (language: 'en' | 'fr') =>
      sentence(language, fact('HTTP_ERROR', { fault: { ...refused, attempts: 4 } }))
    expect(said('en')).toMatch(/time, 4 attempts\)$/)
    expect(said('fr')).toMatch(/time, 4 tentatives\)$/)
  })

  test('of a server that says "too much data" is its own', () => {
    const fault = {
      ...refused,
      status: 413,
      sentence: 'Your query produced too much data.',
      meaning: 'too-much-data',
    }
    expect(sentence('en', fact('HTTP_ERROR', { fault }))).toMatch(
      /^the server says that the answer would be too/,
    )
    expect(sentence('fr', fact('HTTP_ERROR', { fault }))).toMatch(
      /^le serveur dit que la réponse serait trop/,
    )
  })

  test.each([
    [0, '0 ligne retirée, car elle n’a pas de position : '],
    [1, '1 ligne retirée, car elle n’a pas de position : A'],
    [2, '2 lignes retirées, car chacune n’a pas de position : A, B'],
    [12, '12 lignes retirées, car chacune n’a pas de position : A, B et 10 autres'],
  ])('in French counts %i as French does', (count, said) => {
    const ids = ['A', 'B'].slice(0, count)
    expect(sentence('fr', fact('ROWS_DROPPED', { reason: 'no_position', count, ids }))).toBe(said)
  })

  test('of a stored fact is made where this version can, else there is none', () => {
    expect(storedSentence('fr', { code: 'INGEST_FLAG_FALSE', values: { value: 'False' } })).toBe(
      'l’attribut global cde_ingest vaut « False »',
    )
    expect(storedSentence('fr', { code: 'FROM_TOMORROW', values: {} })).toBeNull()
    expect(storedSentence('fr', { code: 'MISSING_REQUIRED_VARS', values: {} })).toBeNull()
    expect(storedSentence('fr', { code: 'INGEST_FLAG_FALSE', values: {} })).toBeNull()
    expect(storedSentence('fr', { code: 'INGEST_FLAG_FALSE', values: null })).toBeNull()
  })

  test('of a stored fact may hold the word that a missing value reads as', () => {
    const of = (values: unknown) => storedSentence('fr', { code: 'CDM_DATA_TYPE_UNSUPPORTED', values })
    expect(of({ cdmDataType: 'undefined', supported: ['Profile'] })).toBe(
      'le cdm_data_type « undefined » n’est aucun de Profile',
    )
    expect(of({ cdmDataType: 'undefined' })).toBeNull()
    expect(of({ supported: ['undefined', 'Profile'] })).toBeNull()
  })

  test('of an error carries what a person needs', () => {
    expect(failed('NOT_LISTED', { source: 'https://example.org/erddap' }).message).toBe(
      'the dataset was asked for, but https://example.org/erddap does not list it',
    )
  })
})

test('every ocean variable of the vocabulary has its words in both languages', () => {
  for (const { name } of loadVocabularies().oceanVariables)
    for (const language of languages) {
      const words = variableName(language, name)
      expect([name, words]).not.toEqual([name, expect.stringMatching(/[A-Z]/)])
      if (name.length > 9) expect(words).not.toBe(name)
    }
  expect(variableName('fr', 'fromTomorrow')).toBe('fromTomorrow')
})
