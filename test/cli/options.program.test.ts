import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { decimalNumber, list, oneOf, port, seconds, strict, wholeNumber } from '../../src/cli/options.ts'
import { harvester } from '../acceptance/run.ts'

describe('the text of an option', () => {
  it('is a whole number in digits, within its range', () => {
    const read = wholeNumber({ least: 1, most: 200 })
    expect(['1', '200', '007', ' 5 '].map(read)).toEqual([1, 200, 7, 5])
    for (const text of ['', ' ', 'abc', '5abc', '5.0', '1e2', '1e99', '0x10', '0', '201', '-1', 'NaN', '٣'])
      expect(() => read(text), text).toThrow('It must be a whole number from 1 to 200.')
  })

  it('is a port, with or without the one that the system chooses', () => {
    expect(port()('65535')).toBe(65_535)
    expect(port({ least: 0 })('0')).toBe(0)
    for (const text of ['0', '65536', '99999', '-1', '80a']) expect(() => port()(text), text).toThrow('65535')
  })

  it('is a time in seconds or with a unit', () => {
    const read = seconds({ most: 604_800 })
    expect(['90', '0.5', '90s', '15min', '6h', '2 d'].map(read)).toEqual([90, 0.5, 90, 900, 21_600, 172_800])
    for (const text of ['', '0', '-1', '5abc', '1e3', '8d', '6 hours', 'Infinity', 'PT1H'])
      expect(() => read(text), text).toThrow('number of seconds above 0 and at most 604800')
  })

  it('is a number within a range', () => {
    const read = decimalNumber({ least: 0.001, most: 1000 })
    expect(['1', '0.25', '.5'].map(read)).toEqual([1, 0.25, 0.5])
    for (const text of ['', '0', '-1', '1e2', '1001', '2,5', '1/2'])
      expect(() => read(text), text).toThrow('a number from 0.001 to 1000')
  })

  it('is one of some words, again and again', () => {
    const read = list(oneOf(['error', 'missing']))
    expect(read('missing', read('error'))).toEqual(['error', 'missing'])
    expect(() => read('all')).toThrow('It must be one of error, missing.')
  })
})

/** A command and those below it, as they are called. */
function flat(command: Command, before: readonly string[] = []): [string[], Command][] {
  const path = [...before, command.name()]
  return [[path, command], ...command.commands.flatMap((part) => flat(part, path))]
}

describe('every command', () => {
  let all: [string[], Command][] = []
  beforeAll(async () => {
    all = (await Promise.all(Object.values(commands).map((load) => load()))).flatMap((command) =>
      flat(command),
    )
  })

  /** What a call with these words says, and the error that it ends with; nothing of the command is done. */
  async function call(path: readonly string[], args: readonly string[]) {
    const program = new Command('harvester')
    program.addCommand(await commands[path[0]!]!())
    const said: string[] = []
    for (const [, command] of flat(program))
      command.configureOutput({ writeErr: (text) => void said.push(text) })
    const error = await strict(program)
      .parseAsync([...path, ...args], { from: 'user' })
      .catch((caught: unknown) => caught)
    return { error, said: said.join('') }
  }

  it('refuses an option that it does not have, and names the help', async () => {
    for (const [path, { options }] of all) {
      const needed = options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long!, 'x'])
      const { error, said } = await call(path, [...needed, '--bogus'])
      expect(error, path.join(' ')).toBeInstanceOf(CommanderError)
      expect(said, path.join(' ')).toMatch(/unknown option '--bogus'[\s\S]*--help says more/)
    }
  })

  it('refuses what is no number where it wants one, and says the option, the text and what is right', async () => {
    const numbers = all.flatMap(([path, { options }]) =>
      options
        .filter(({ flags }) => /<(number|n|count|lines|seconds|ms|port)>/.test(flags))
        .map((option) => ({ path, option })),
    )
    expect(numbers.length).toBeGreaterThan(14)
    for (const { path, option } of numbers)
      for (const text of ['abc', '5abc', '-1', '1e99', '0x10', '99999999999', ' ']) {
        const { error, said } = await call(path, [option.long!, text])
        const what = `${path.join(' ')} ${option.long} ${text}`
        expect(error, what).toBeInstanceOf(CommanderError)
        expect(said, what).toContain(`option '${option.flags}' argument '${text}' is invalid. It must be a `)
        expect(said, what).toContain('--help says more')
      }
  })

  it('refuses an empty path of a configuration', async () => {
    for (const [path, { options }] of all.filter(([, { options }]) =>
      options.some(({ long }) => long === '--file'),
    )) {
      expect(
        options.filter(({ long }) => long === '--file'),
        path.join(' '),
      ).toHaveLength(1)
      expect((await call(path, ['--file', ''])).said, path.join(' ')).toContain('It must not be empty.')
    }
  })
})

describe('the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'harvester-usage-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each([
    [['runs', 'list', '--bogus']],
    [['runs', 'list', '--limit', 'abc']],
    [['config', 'check', '--bogus']],
    [['workers', 'start', '--number', '0']],
    [['limits', 'set', 'tag:database']],
    [['trigger', '--timeout', '-1']],
    [['bogus']],
    [['--bogus']],
  ])(
    'ends with 2 after harvester %j',
    async (args) => {
      const ended = await harvester(args, folder)
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(/^error: .*\n[\s\S]*--help says more/)
    },
    120_000,
  )
})
