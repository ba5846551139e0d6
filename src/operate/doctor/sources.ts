import type { HarvestServices } from '../../harvest/services.ts'
import { parseJson } from '../../http/json.ts'
import { kindOf } from '../../sources/index.ts'
import { amount } from '../../text.ts'
import { type Finding, failure, fine, warned } from './types.ts'

const timeoutMs = 60_000
type Services = Pick<HarvestServices, 'config' | 'http'>

/** Each source: reachable, version, and how many datasets it lists. One after the other, as a good guest. */
export async function* checkSources(
  { config, http }: Services,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  for (const source of config.sources) {
    const what = `source ${source.url}`
    try {
      const { found, doubt } = await kindOf(source).check(
        source,
        { http, settings: config.settings },
        { signal, timeoutMs },
      )
      yield doubt === null ? fine(what, found) : warned(what, found, doubt)
    } catch (error) {
      yield failure(what, error, 'Open the address in a browser; ask its administrator if it stays so.')
    }
  }
}

export async function checkCatalogue({ config, http }: Services, signal: AbortSignal): Promise<Finding> {
  const base = config.settings.ckan_url.replace(/(?<!\/)\/+$/, '')
  const what = `CKAN ${base}`
  try {
    const { body } = await http.text({
      url: `${base}/api/3/action/package_search?q=erddap&rows=0`,
      signal,
      maxBytes: 1024 * 1024,
      timeouts: { totalMs: timeoutMs },
    })
    const answer = parseJson(body) as { success?: boolean; result?: { count?: number } }
    if (answer.success !== true || typeof answer.result?.count !== 'number')
      return failure(what, 'does not answer as CKAN', 'Correct ckan_url.')
    return fine(what, `${amount(answer.result.count, 'record')} with a mention of erddap`)
  } catch (error) {
    // A harvest goes on without the catalogue.
    return {
      ...failure(what, error, 'Correct ckan_url, or wait: titles and organizations stay as they were.'),
      level: 'warn',
    }
  }
}
