import type { AfterSuccessStep } from '../../config/operations-schema.ts'
import { describeError, isHarvesterError } from '../../errors.ts'
import { httpStatusFacts } from '../../http/types.ts'
import { registerSecrets } from '../../secrets.ts'
import { type StepContext, type StepInput, stepFailed } from './step.ts'

type Webhook = NonNullable<AfterSuccessStep['webhook']>

/**
 * Tells an address of the harvest. An address that the environment holds is a secret: messages name its variable.
 * @throws HarvesterError STEP_FAILED for a missing variable, no answer, and any answer but 2xx
 */
export async function callWebhook(hook: Webhook, input: StepInput, context: StepContext): Promise<void> {
  const { services, summary } = input
  const url = hook.url ?? variable(hook.url_env ?? '')
  const token = hook.token_env === undefined ? null : variable(hook.token_env)
  registerSecrets([...(hook.url === undefined ? [url] : []), ...(token === null ? [] : [token])])
  const shown = hook.url ?? `the address in ${hook.url_env}`
  if (!/^https?:\/\//i.test(url))
    throw stepFailed(`${shown} is not an http address`, 'Write it whole, as https://portal.example.org/hook.')
  const withBody = hook.method !== 'GET'
  try {
    const answer = await services.http.text({
      url,
      method: hook.method,
      headers: {
        ...(withBody && { 'content-type': 'application/json' }),
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      ...(withBody && { body: JSON.stringify(summary) }),
      retries: 0,
      redirect: 'manual',
      maxBytes: 1024 * 1024,
      timeouts: { totalMs: hook.timeout_seconds * 1000 },
      signal: context.signal,
    })
    if (answer.status >= 300) throw refused(answer.status, '')
    context.log.info({ status: answer.status, ms: Math.round(answer.ms) }, `told ${shown}`)
  } catch (error) {
    if (context.signal.aborted || isHarvesterError(error, 'STEP_FAILED')) throw error
    const status = httpStatusFacts(error)
    if (status) throw refused(status.status, status.sentence)
    throw stepFailed(
      `${shown} could not be called: ${withoutAddress(describeError(error), url, shown)}`,
      'Check that this host can reach it.',
      { transient: isHarvesterError(error, 'HTTP_CONNECT', 'HTTP_TIMEOUT', 'HTTP_BAD_ANSWER') },
    )
  }

  function refused(status: number, sentence: string) {
    return stepFailed(
      `${shown} answered ${status}${sentence && `: ${sentence}`}`,
      status >= 500
        ? 'Look at the log of the server behind it.'
        : 'Check the address, the method and the token of the webhook; redirects are not followed.',
      { transient: status >= 500 },
    )
  }

  function variable(name: string): string {
    const value = services.variables[name]?.trim()
    if (value) return value
    throw stepFailed(`${name} is not set`, `Set ${name} where this worker runs.`)
  }
}

/** The HTTP client names addresses in its messages. */
function withoutAddress(message: string, url: string, shown: string): string {
  let clean = message.replaceAll(url, shown)
  try {
    clean = clean.replaceAll(new URL(url).href, shown)
  } catch {
    // an address that cannot be parsed is not written in another way either
  }
  return clean
}
