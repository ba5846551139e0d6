import { describe, expect, it } from 'vitest'
import { readYaml, stripUniformIndent } from '../../src/config/yaml.ts'

const faultsOf = (text: string) =>
  readYaml(stripUniformIndent(text)).faults.map(({ line, message }) => `${line}: ${message}`)

describe('YAML that no configuration needs', () => {
  const bomb = [
    'a0: &a0 [x,x,x,x,x,x,x,x,x,x]',
    ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join()}]`),
  ].join('\n')
  it.each([
    [
      'a list that holds itself',
      'folder: x\nerddap_urls: &x\n  - *x',
      '3: *x refers to a value that holds it itself',
    ],
    ['a map that holds itself', 'a: &x\n  b:\n    c: *x', '3: *x refers to a value that holds it itself'],
    [
      'a key that is the value that it names',
      '? &x [*x]\n: 1',
      '1: *x refers to a value that holds it itself',
    ],
    [
      'a reference to nothing',
      'a: 1\nb: *nowhere',
      '2: *nowhere refers to nothing: no value above is marked &nowhere',
    ],
    [
      'a reference to what comes later',
      'a: *x\nb: &x 1',
      '1: *x refers to nothing: no value above is marked &x',
    ],
    [
      'references that multiply',
      bomb,
      '5: stands for more than 100000 values, once its references are filled in',
    ],
    ['a merge key', 'base: &b {c: 1}\nd:\n  <<: *b', '3: <<: merge keys are not read; write the keys out'],
    [
      'a merge key of YAML 1.1',
      '%YAML 1.1\n---\na: &b {c: 1}\nd:\n  <<: *b',
      '5: <<: merge keys are not read; write the keys out',
    ],
    ['lists in lists without end', `a:\n  ${'['.repeat(20_000)}`, '2: is nested more than 100 levels deep'],
    [
      'lists in lists without end, line by line',
      `a:\n${'- '.repeat(20_000)}`,
      '2: is nested more than 100 levels deep',
    ],
    ['a tag that nobody knows', 'a: 1\nb: !env HOME', '2: not valid YAML: Unresolved tag: !env'],
    ['several documents', 'a: 1\n---\nb: 2', /^2: not valid YAML: Source contains multiple documents/],
  ])('names %s with its line', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringMatching(fault instanceof RegExp ? fault : literal(fault))])
  })

  it('is not a value that is referred to twice', () => {
    const { value, faults } = readYaml('a: &x [1, 2]\nb: *x\nc: [*x]')
    expect(faults).toEqual([])
    expect(value).toEqual({ a: [1, 2], b: [1, 2], c: [[1, 2]] })
  })

  it('is not a quoted key that looks like a merge key', () => {
    expect(readYaml('"<<": 1').value).toEqual({ '<<': 1 })
  })
})

describe('the line of an entry', () => {
  it.each([
    ['blank ones', 'a:\n  -\n  - ""\n  - ~\n  - x\n  - y', [5, 6]],
    ['a reference to nothing', 'b: &none\na:\n  - *none\n  - x\n  - y', [4, 5]],
    ['lists and maps', 'a:\n  - []\n  -\n  - {}\n  - y', [2, 4, 5]],
  ])('is its own, below %s', (_, text, lines) => {
    const { value, lineOf } = readYaml(text)
    expect((value as { a: unknown[] }).a.map((_, index) => lineOf(['a', index]))).toEqual(lines)
  })
})

const literal = (text: string) => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
