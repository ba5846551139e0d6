/**
 * What a Prefect server sends when it tells of trouble by itself: templates that the server fills in (Jinja, in its
 * sandbox). The form is that of the messages of our own processes (`src/operate/alerts/message.ts`), with
 * another sender. Whatever a message holds, quotes or line breaks, the result is JSON: each value goes through
 * `tojson`.
 */

export interface TemplateFacts {
  readonly namespace: string
  /** Where people see the Prefect UI, without a slash at the end. */
  readonly uiUrl: string
  /** Where people see the dashboard, the address before /harvest, without a slash at the end; null: no such link. */
  readonly dashboardUrl: string | null
}

/** Text: an expression of Jinja. */
type Shape = string | readonly Shape[] | { readonly [key: string]: Shape }

/** JSON with the expressions in their places. What is undefined becomes null, since `tojson` fails on it. */
function jsonOf(shape: Shape): string {
  if (typeof shape === 'string') return `{{ (${shape})|default(none)|tojson }}`
  if (Array.isArray(shape)) return `[${shape.map(jsonOf).join(', ')}]`
  const parts = Object.entries(shape).map(([key, value]) => `${JSON.stringify(key)}: ${jsonOf(value)}`)
  // The braces stand apart from those of Jinja.
  return `{ ${parts.join(', ')} }`
}

/** A text as a literal of Jinja, which reads the escapes of JSON. */
const literal = (text: string) => JSON.stringify(text)

/** Room for a stack trace; a message may have 100 kB. */
const longestMessage = 4000
/** Of a message in running text. */
const shortMessage = 400

const message = `(flow_run.state.message or "")[:${longestMessage}]`
const kind = '"crashed" if flow_run.state.type.value == "CRASHED" else "failed"'
const name = '(deployment.name or flow.name)'

/** The time as our own messages write it. */
function time(of: string): string {
  return `${of}.isoformat()|replace("+00:00", "Z") if ${of} else none`
}

/** Slack reads these three as markup. */
function slackEscaped(expression: string): string {
  return `((${expression})|string|replace("&", "&amp;")|replace("<", "&lt;")|replace(">", "&gt;"))`
}

function runPage({ uiUrl }: TemplateFacts): string {
  return `${literal(`${uiUrl}/runs/flow-run/`)} ~ flow_run.id`
}

function envelope(facts: TemplateFacts, summary: string, alert: Shape): string {
  return jsonOf({
    version: '1',
    id: 'firing.id|string',
    sender: literal('prefect'),
    namespace: literal(facts.namespace),
    // Whose server it is; our own messages name the host of their process.
    host: literal(new URL(facts.uiUrl).host),
    sent_at: time('firing.triggered'),
    test: 'false',
    summary,
    alerts: [alert],
  })
}

/** Body of the webhook for a run that failed or crashed. */
export function failureJson(facts: TemplateFacts): string {
  const at = time('flow_run.state.timestamp')
  return envelope(facts, `${name} ~ " " ~ (${kind})`, {
    status: literal('open'),
    kind,
    name,
    source: 'flow_run.parameters.source if flow_run.parameters.source is string else none',
    deployment: 'deployment.name',
    flow: 'flow.name',
    message,
    since: at,
    last_at: at,
    recovered_at: 'none',
    told_before: 'none',
    occurrences: '1',
    datasets: 'none',
    last_success_at: 'none',
    run: { id: 'flow_run.id|string', name: 'flow_run.name' },
    links: {
      prefect: runPage(facts),
      run:
        facts.dashboardUrl === null
          ? 'none'
          : `${literal(`${facts.dashboardUrl}/harvest/run/`)} ~ flow_run.id if flow.name == "Harvest Source" else none`,
      source: 'none',
    },
  })
}

/** The same for Slack and what takes its form. */
export function failureSlack(facts: TemplateFacts): string {
  const text = `(${message}).split()|join(" ")|truncate(${shortMessage}, true, "…")`
  return jsonOf({
    text: `":red_circle: *" ~ ${slackEscaped(name)} ~ "* " ~ (${kind}) ~ ": " ~ ${slackEscaped(text)} ~ "\\n<" ~ ${runPage(facts)} ~ "|Run in Prefect>"`,
  })
}

function staleText({ namespace }: TemplateFacts, hours: number): string {
  return `no harvest of ${namespace} has completed for ${Number(hours.toFixed(2))} hours`
}

/** Body of the webhook when no harvest at all has completed for so many hours. */
export function staleJson(facts: TemplateFacts, hours: number): string {
  return envelope(facts, literal(staleText(facts, hours)), {
    status: literal('open'),
    kind: literal('stale'),
    name: literal(facts.namespace),
    source: 'none',
    deployment: 'none',
    flow: 'none',
    message: literal(staleText(facts, hours)),
    since: time('firing.triggered'),
    last_at: time('firing.triggered'),
    recovered_at: 'none',
    told_before: 'none',
    occurrences: '1',
    datasets: 'none',
    last_success_at: time('event.occurred'),
    run: 'none',
    links: { prefect: literal(`${facts.uiUrl}/runs`), run: 'none', source: 'none' },
  })
}

export function staleSlack(facts: TemplateFacts, hours: number): string {
  return jsonOf({
    text: `":warning: " ~ ${slackEscaped(literal(staleText(facts, hours)))} ~ "\\n<" ~ ${literal(`${facts.uiUrl}/runs`)} ~ "|Runs in Prefect>"`,
  })
}
