/**
 * What a Prefect server sends when it tells of trouble by itself: templates that the server fills in (Jinja, in its
 * sandbox). Whatever a message holds, quotes or line breaks, the result is JSON: every value goes through `tojson`.
 */

export interface TemplateFacts {
  readonly namespace: string
  /** Where people see the Prefect UI, without a slash at the end. */
  readonly uiUrl: string
  /** Where people see the dashboard; null leaves that link out. */
  readonly dashboardUrl: string | null
}

/** Room for a stack trace; a message may have 100 kB. */
const longestMessage = 4000

/** A text as a literal of Jinja, which reads the escapes of JSON. */
function literal(text: string | null): string {
  return text === null ? 'none' : JSON.stringify(text)
}

/** An object as JSON, each value an expression of Jinja. What is undefined there becomes null: `tojson` fails on it. */
function jsonOf(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(
    ([key, expression]) => `${JSON.stringify(key)}:{{ (${expression} or none)|tojson }}`,
  )
  // The braces stand apart from those of Jinja.
  return `{ ${parts.join(', ')} }`
}

const message = `(flow_run.state.message or "")[:${longestMessage}]`

/** Slack reads these three as markup. */
function slackEscaped(expression: string): string {
  return `(${expression})|string|replace("&", "&amp;")|replace("<", "&lt;")|replace(">", "&gt;")`
}

function runLink({ uiUrl }: TemplateFacts): string {
  return `(${literal(`${uiUrl}/runs/flow-run/`)} ~ flow_run.id) if flow_run else none`
}

/** Body of the webhook for a run that failed or crashed, in the form of the alerts that a process of ours sends. */
export function failureJson(facts: TemplateFacts): string {
  return jsonOf({
    sender: literal('prefect'),
    kind: '"crashed" if flow_run.state.type.value == "CRASHED" else "failed"',
    namespace: literal(facts.namespace),
    flow: 'flow.name',
    deployment: 'deployment.name',
    run: 'flow_run.name',
    run_id: 'flow_run.id|string if flow_run else none',
    state: 'flow_run.state.name',
    message,
    at: 'flow_run.state.timestamp.isoformat() if flow_run.state.timestamp else none',
    link: runLink(facts),
    dashboard: literal(facts.dashboardUrl),
  })
}

/** The same for Slack and what takes its form. */
export function failureSlack(facts: TemplateFacts): string {
  const head = slackEscaped('flow_run.state.name ~ ": " ~ (deployment.name or flow.name)')
  const rest = slackEscaped(`" (" ~ flow_run.name ~ ")\\n" ~ ${message}`)
  return jsonOf({
    text: `"*" ~ (${head}) ~ "*" ~ (${rest}) ~ "\\n<" ~ (${runLink(facts)}) ~ "|run>, told by Prefect"`,
  })
}

function staleText({ namespace }: TemplateFacts, hours: number): string {
  return literal(`No harvest of ${namespace} has completed for ${hours} hours`)
}

/** Body of the webhook when no harvest at all has completed for so many hours. */
export function staleJson(facts: TemplateFacts, hours: number): string {
  return jsonOf({
    sender: literal('prefect'),
    kind: literal('stale'),
    namespace: literal(facts.namespace),
    flow: 'none',
    deployment: 'none',
    run: 'none',
    run_id: 'none',
    state: 'none',
    message: staleText(facts, hours),
    last_success: 'event.occurred.isoformat() if event else none',
    at: 'firing.triggered.isoformat() if firing else none',
    link: literal(`${facts.uiUrl}/runs`),
    dashboard: literal(facts.dashboardUrl),
  })
}

export function staleSlack(facts: TemplateFacts, hours: number): string {
  return jsonOf({
    text: `"*" ~ (${slackEscaped(staleText(facts, hours))}) ~ "*\\n<" ~ ${literal(`${facts.uiUrl}/runs`)} ~ "|runs>, told by Prefect"`,
  })
}
