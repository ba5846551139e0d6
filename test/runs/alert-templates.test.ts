import { describe, expect, it } from 'vitest'
import { alertMessage } from '../../src/operate/alerts/message.ts'
import { failureJson, failureSlack, staleJson, staleSlack } from '../../src/runs/prefect/alert-templates.ts'

const facts = {
  namespace: 'ocean "north" {{ 7 * 7 }}',
  uiUrl: 'https://prefect.example.org',
  dashboardUrl: 'https://data.example.org/harvester',
}

const templates = {
  failureJson: failureJson(facts),
  failureSlack: failureSlack(facts),
  staleJson: staleJson(facts, 48),
  staleSlack: staleSlack(facts, 48),
}

/** The template with something in the place of each expression, as the server fills it. */
function filled(template: string, value: string): unknown {
  return JSON.parse(template.replace(/\{\{ \(.*?\)\|default\(none\)\|tojson \}\}/g, value))
}

/** The keys, of objects within too. */
function keys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keys)
  if (value === null || typeof value !== 'object') return null
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keys(item)]))
}

describe('the templates that a Prefect server fills in', () => {
  it.each(Object.entries(templates))('are JSON with any JSON in their places: %s', (_, template) => {
    for (const value of ['null', '"a \\"b\\" \\n"', '[1, {"a": 2}]'])
      expect(() => filled(template, value)).not.toThrow()
  })

  it.each(Object.entries(templates))(
    'hold nothing outside of an expression that is not ours: %s',
    (_, template) => {
      expect(JSON.stringify(filled(template, 'null'))).not.toContain('ocean')
    },
  )

  it('have the form of the messages of our own processes', () => {
    const ours = alertMessage(
      [
        {
          status: 'open',
          kind: 'failed',
          subject: 'a',
          openedAt: new Date(0),
          lastAt: new Date(0),
          recoveredAt: null,
          toldBefore: null,
          occurrences: 1,
          details: {
            name: 'a',
            source: null,
            flow: null,
            deployment: null,
            runId: 'r',
            runName: 'run',
            message: '',
            datasets: null,
            lastSuccessAt: null,
          },
        },
      ],
      { pageOfRun: () => null, dashboard: null },
      { id: 'i', namespace: 'n', host: 'h', at: new Date(0) },
    )
    expect(keys(filled(templates.failureJson, 'null'))).toEqual(keys(ours))
    // Of no one run.
    const [alert] = ours.alerts
    expect(keys(filled(templates.staleJson, 'null'))).toEqual(
      keys({ ...ours, alerts: [{ ...alert, run: null }] }),
    )
  })

  it('say that Prefect is the sender', () => {
    for (const template of [templates.failureJson, templates.staleJson])
      expect(template).toContain('"sender": {{ ("prefect")|default(none)|tojson }}')
  })

  it('link to the dashboard only where there is one', () => {
    expect(templates.failureJson).toContain('https://data.example.org/harvester/harvest/run/')
    expect(failureJson({ ...facts, dashboardUrl: null })).not.toContain('/harvest/run/')
  })
})
