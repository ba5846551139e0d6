import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readDotenv } from '../config/dotenv.ts'
import { isSet } from '../config/given.ts'
import { setVariable, variables } from '../config/variables.ts'
import { HarvesterError } from '../errors.ts'

const ambient = new Set(Object.keys(variables).filter((name) => isSet(variables[name])))

/** So many of its lines are named at most. */
const shownFaults = 5

/**
 * Loads `.env` of the working folder, where there is one; what the environment says already is never overridden, and
 * blank says nothing in either.
 * @returns what is probably not meant
 * @throws HarvesterError CONFIG_INVALID where it cannot be read or understood; nothing of it is taken then
 */
export function loadDotenv(): string[] {
  const text = textOfDotenv()
  if (text === null) return []
  const { values, faults, warnings } = readDotenv(text)
  if (faults.length > 0) {
    const more = faults.length > shownFaults ? [`and ${faults.length - shownFaults} more`] : []
    const shown = [...faults.slice(0, shownFaults), ...more].join('\n  ')
    throw new HarvesterError('CONFIG_INVALID', `${resolve('.env')} is not understood:\n  ${shown}`, {
      remedy: "Write NAME='value', or NAME=value where it has no quotes, no $ and no # after a blank.",
    })
  }
  for (const [name, value] of values) if (isSet(value) && !isSet(variables[name])) setVariable(name, value)
  return warnings.map((warning) => `${resolve('.env')}, ${warning}`)
}

/** Null where there is none. */
function textOfDotenv(): string | null {
  let bytes: Buffer
  try {
    bytes = readFileSync('.env')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new HarvesterError('CONFIG_INVALID', `${resolve('.env')} cannot be read (${code})`, {
      remedy:
        code === 'EISDIR'
          ? 'Make it a file of NAME=value lines, or remove the folder.'
          : 'Give this user the right to read it, or start in another folder.',
    })
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below.
  }
  throw new HarvesterError('CONFIG_INVALID', `${resolve('.env')} is no text in UTF-8`, {
    remedy: 'Save it as UTF-8; in PowerShell with `Out-File -Encoding utf8` instead of `>`.',
  })
}

/** Where a variable's value came from. */
export function originOf(name: string): 'environment' | '.env' | 'default' {
  if (!isSet(variables[name])) return 'default'
  return ambient.has(name) ? 'environment' : '.env'
}
