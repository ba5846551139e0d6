import { coverageChoices } from '../inventory/queries/coverage-choices.ts'
import type { ApiContext } from './api.ts'
import { sourceSlug } from './slugs.ts'

/**
 * The URL of the source of the index that has this slug. Sources of the index may have no audit, where another
 * harvester filled it.
 * @throws the problem of `bySlug`, 404, where no source has it
 */
export async function indexedSource({ settings, sources }: ApiContext, slug: string): Promise<string> {
  const { sources: indexed } = await coverageChoices(settings.database)
  return indexed.find((url) => sourceSlug(url) === slug) ?? sources.bySlug(slug)
}
