import { readFileSync } from 'node:fs'
import { HarvesterError } from '../errors.ts'

/**
 * A file that people write, without the mark that some editors put at its beginning.
 * @throws HarvesterError CONFIG_NOT_FOUND, or CONFIG_INVALID for what is not UTF-8: names in it would be spoilt
 */
export function readTextFile(path: string, remedy: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new HarvesterError('CONFIG_NOT_FOUND', `${path} cannot be read`, { cause, remedy })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HarvesterError('CONFIG_INVALID', `${path} is not in UTF-8`, {
      cause,
      remedy: 'Save it as UTF-8: editors offer that where a file is saved under another name.',
    })
  }
}
