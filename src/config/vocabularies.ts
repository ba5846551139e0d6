/** The vocabularies of `config/vocabularies/`: data of the package, with their sources and dates. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { describeError, HarvesterError } from '../errors.ts'
import { packageFile } from '../package.ts'

export const vocabulariesFolder = packageFile('config/vocabularies')

const origin = { source: z.string().min(1), date: z.iso.date() }
const texts = z.array(z.string().min(1))
const files = {
  cfStandardNames: {
    name: 'cf-standard-names.json',
    schema: z.object({
      ...origin,
      version: z.string().regex(/^\d+$/),
      modified: z.string().nullable(),
      names: texts.min(1),
      aliases: z.record(z.string(), z.array(z.string())),
    }),
  },
  oceanVariables: {
    name: 'ocean-variables.json',
    schema: z.object({
      ...origin,
      oceanVariables: z.array(z.object({ name: z.string().min(1), standardNames: texts })).min(1),
    }),
  },
  platforms: {
    name: 'platforms.json',
    schema: z.object({
      ...origin,
      l06: z.array(z.object({ code: z.string(), label: z.string(), category: z.string() })).min(1),
      ioos: z.array(z.object({ label: z.string(), code: z.string() })).min(1),
    }),
  },
}

export type CfStandardNamesFile = z.infer<typeof files.cfStandardNames.schema>
type PlatformsFile = z.infer<typeof files.platforms.schema>
type OceanVariablesFile = z.infer<typeof files.oceanVariables.schema>

export interface LoadedVocabularies {
  cfStandardNames: CfStandardNamesFile
  oceanVariables: OceanVariablesFile['oceanVariables']
  platforms: PlatformsFile
}

const loaded = new Map<string, LoadedVocabularies>()

/**
 * Reads the three files, once a process.
 * @throws VOCABULARY_INVALID naming the file that is missing or does not have its shape
 */
export function loadVocabularies(folder = vocabulariesFolder): LoadedVocabularies {
  const known = loaded.get(folder)
  if (known) return known
  const vocabularies = {
    cfStandardNames: read(folder, files.cfStandardNames),
    oceanVariables: read(folder, files.oceanVariables).oceanVariables,
    platforms: read(folder, files.platforms),
  }
  loaded.set(folder, vocabularies)
  return vocabularies
}

/** Replaces the list of CF standard names, whole or not at all. @throws WRITE_FAILED */
export async function writeCfStandardNames(
  content: CfStandardNamesFile,
  folder = vocabulariesFolder,
): Promise<string> {
  const file = join(folder, files.cfStandardNames.name)
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, `${JSON.stringify(content, null, 1)}\n`, { flush: true })
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new HarvesterError('WRITE_FAILED', `${file} cannot be written: ${describeError(cause)}`, {
      remedy: 'Check the permissions of the folder and the free space.',
      cause,
    })
  }
  loaded.delete(folder)
  return file
}

function read<S extends z.ZodType>(
  folder: string,
  { name, schema }: { name: string; schema: S },
): z.infer<S> {
  const file = join(folder, name)
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : describeError(cause)
    throw new HarvesterError('VOCABULARY_INVALID', `${file} cannot be used: ${why}`, {
      remedy: 'Install the package again, or restore the file.',
      cause,
    })
  }
}
