/** What stands behind `--each` and `--param`, before anything is known of the flow. */
import { readFileSync } from 'node:fs'
import { describeError, HarvesterError } from '../../errors.ts'
import { parseParameters } from '../runs/parameters.ts'

/** A value as it was written, and as it reads: `1` is a number, unless the flow wants text. */
export interface GivenValue {
  readonly text: string
  readonly value: unknown
}

export interface Given {
  readonly name: string
  /** Those of `--each` in their order; the one of `--param`. */
  readonly values: readonly GivenValue[]
}

const form =
  'Write it as --each source=a,b,c, as --each \'source=["a","b, c"]\', or as --each source=@file with a value a line.'

/**
 * Reads `NAME=V1,V2`, `NAME=["V1","V2"]` (JSON) and `NAME=@file` (a line each; blank lines and # lines do not count).
 * @throws HarvesterError USAGE
 */
export function parseEach(
  text: string,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Given {
  const at = text.indexOf('=')
  if (at < 1) throw new HarvesterError('USAGE', `--each ${text} has no name and values`, { remedy: form })
  const name = text.slice(0, at)
  const values = listed(name, text.slice(at + 1).trim(), readFile)
  if (values.length === 0 || values.some((value) => value.text === ''))
    throw new HarvesterError('USAGE', `--each ${name} has ${values.length === 0 ? 'no' : 'an empty'} value`, {
      remedy: form,
    })
  return { name, values }
}

/** @throws HarvesterError USAGE */
export function parseParam(text: string): Given {
  const [[name, value] = ['', undefined]] = Object.entries(parseParameters([text]))
  return { name, values: [{ text: text.slice(text.indexOf('=') + 1), value }] }
}

function listed(name: string, text: string, readFile: (path: string) => string): GivenValue[] {
  if (text.startsWith('@')) {
    let content: string
    try {
      content = readFile(text.slice(1))
    } catch (cause) {
      throw new HarvesterError('USAGE', `--each ${name}: ${describeError(cause)}`, { cause, remedy: form })
    }
    return content
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(readValue)
  }
  if (text.startsWith('[')) {
    let list: unknown
    try {
      list = JSON.parse(text)
    } catch (cause) {
      throw new HarvesterError('USAGE', `--each ${name} begins as a JSON list, but is none`, {
        cause,
        remedy: form,
      })
    }
    return (list as unknown[]).map((value) => ({
      text: typeof value === 'string' ? value : JSON.stringify(value),
      value,
    }))
  }
  return text === '' ? [] : text.split(',').map((part) => readValue(part.trim()))
}

function readValue(text: string): GivenValue {
  try {
    return { text, value: JSON.parse(text) as unknown }
  } catch {
    return { text, value: text }
  }
}
