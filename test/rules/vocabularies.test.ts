import { expect, it } from 'vitest'
import { indexVocabularies } from '../../src/rules/vocabularies.ts'

const data = {
  cfStandardNames: { version: '93', names: ['a'], aliases: { former: ['a'] } },
  oceanVariables: [
    { name: 'one', standardNames: ['a', 'b'] },
    { name: 'two', standardNames: ['b'] },
  ],
  platforms: {
    l06: [{ code: '48', label: 'Mooring', category: 'mooring' }],
    ioos: [
      { label: 'Buoy', code: '48' },
      { label: 'Raft', code: 'none' },
    ],
  },
}

it('names of the CF table are known with their former ones', () => {
  expect([...indexVocabularies(data).cfNames]).toEqual(['a', 'former'])
})

it('names that belong to some ocean variable are known, each once', () => {
  expect([...indexVocabularies(data).mappedNames]).toEqual(['a', 'b'])
})

it('a label of IOOS has the category of its code; one whose code L06 does not have is left out', () => {
  const { categoryOfIoosLabel, categoryOfL06Label } = indexVocabularies(data)
  expect([...categoryOfIoosLabel]).toEqual([['buoy', 'mooring']])
  expect([...categoryOfL06Label]).toEqual([['mooring', 'mooring']])
})
