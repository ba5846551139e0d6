import { describe, expect, it } from 'vitest'
import { alertMessage, asMail, asSlack, asText } from '../../../src/operate/alerts/message.ts'
import type { Alert } from '../../../src/operate/alerts/trouble.ts'
import { runFact, runSentence } from '../../../src/rules/reasons/run.ts'

const at = (text: string) => new Date(`2026-11-${text}Z`)
const links = {
  pageOfRun: (runId: string) => `https://prefect.example.org/runs/flow-run/${runId}`,
  dashboard: 'https://data.example.org/harvester',
}
const inEnglish = { language: 'en', runsAt: 'Prefect' } as const
const inFrench = { language: 'fr', runsAt: 'Prefect' } as const
const envelope = { id: 'm-1', namespace: 'default', host: 'worker-1', at: at('21T05:01:00') }

function alert(more: Partial<Alert> = {}, details: Partial<Alert['details']> = {}): Alert {
  return {
    status: 'open',
    kind: 'failed',
    subject: 'https://erddap.example.org/erddap',
    openedAt: at('21T05:00:00'),
    lastAt: at('21T05:00:00'),
    recoveredAt: null,
    toldBefore: null,
    occurrences: 1,
    details: {
      name: 'harvest-erddap-example-org',
      source: 'https://erddap.example.org/erddap',
      flow: 'Harvest Source',
      deployment: 'harvest-erddap-example-org',
      runId: 'run-1',
      runName: 'harvest-erddap-erddap-example-org',
      message: 'GET https://me:hunter22@erddap.example.org answered 500',
      datasets: null,
      lastSuccessAt: null,
      ...details,
    },
    ...more,
  }
}

describe('a message', () => {
  it('is JSON of a documented shape, with links to run and dashboard, and without secrets', () => {
    expect(alertMessage([alert()], links, envelope)).toEqual({
      version: 1,
      id: 'm-1',
      sender: 'erddap-harvester',
      namespace: 'default',
      host: 'worker-1',
      sent_at: '2026-11-21T05:01:00.000Z',
      test: false,
      summary: 'harvest-erddap-example-org failed',
      alerts: [
        {
          status: 'open',
          kind: 'failed',
          name: 'harvest-erddap-example-org',
          source: 'https://erddap.example.org/erddap',
          deployment: 'harvest-erddap-example-org',
          flow: 'Harvest Source',
          message: 'GET https://***@erddap.example.org answered 500',
          since: '2026-11-21T05:00:00.000Z',
          last_at: '2026-11-21T05:00:00.000Z',
          recovered_at: null,
          told_before: null,
          occurrences: 1,
          datasets: null,
          last_success_at: null,
          run: { id: 'run-1', name: 'harvest-erddap-erddap-example-org' },
          links: {
            prefect: 'https://prefect.example.org/runs/flow-run/run-1',
            run: 'https://data.example.org/harvester/harvest/run/run-1',
            source: 'https://data.example.org/harvester/harvest/server/erddap-example-org-erddap',
          },
        },
      ],
    })
  })

  it('links to nothing that it does not know', () => {
    const message = alertMessage(
      [alert({}, { runId: null, flow: null })],
      { pageOfRun: () => null, dashboard: null },
      envelope,
    )
    expect(message.alerts[0]).toMatchObject({ run: null, links: { prefect: null, run: null, source: null } })
    const all = alertMessage([alert({}, { flow: 'Harvest All Sources', source: null })], links, envelope)
    expect(all.alerts[0]!.links).toEqual({
      prefect: 'https://prefect.example.org/runs/flow-run/run-1',
      run: 'https://data.example.org/harvester/harvest/run/run-1',
      source: null,
    })
  })

  it('sums up several troubles, the worst first, and those that are over', () => {
    const message = alertMessage(
      [
        alert({ status: 'recovered', recoveredAt: at('21T06:00:00') }, { name: 'harvest-d' }),
        alert({ kind: 'stale' }, { name: 'harvest-c' }),
        alert({}, { name: 'harvest-b' }),
        alert({}, { name: 'harvest-a' }),
        alert({ kind: 'crashed' }, { name: 'harvest-z' }),
      ],
      links,
      envelope,
    )
    expect(message.summary).toBe(
      'harvest-z crashed; harvest-a, harvest-b failed; harvest-c is stale; harvest-d is well again',
    )
    expect(message.alerts.map(({ name }) => name)).toEqual([
      'harvest-z',
      'harvest-a',
      'harvest-b',
      'harvest-c',
      'harvest-d',
    ])
    const many = Array.from({ length: 5 }, (_, n) => alert({}, { name: `harvest-${n}` }))
    expect(alertMessage(many, links, envelope).summary).toBe('5 failed')
  })

  it('says how often it happened since it was told', () => {
    const again = alert({ toldBefore: at('20T17:00:00'), occurrences: 3 }, { message: 'no answer' })
    expect(asText(alertMessage([again], links, envelope), inEnglish)).toContain(
      'no answer; 3 more times since 2026-11-20 17:00 UTC',
    )
    const first = alert({ occurrences: 2 }, { message: 'no answer' })
    expect(asText(alertMessage([first], links, envelope), inEnglish)).toContain(
      'no answer; 1 more time meanwhile',
    )
    expect(asText(alertMessage([alert()], links, envelope), inEnglish)).not.toContain('more time')
  })
})

describe('a mail', () => {
  it('has the summary as subject and reads as text', () => {
    const errors = alert(
      { kind: 'errors' },
      { message: '97 harvested, 3 of 100 failed', datasets: { failed: 3, total: 100 } },
    )
    const well = alert(
      { status: 'recovered', recoveredAt: at('21T06:00:00'), toldBefore: at('21T05:00:30'), occurrences: 0 },
      { name: 'harvest-b' },
    )
    const mail = asMail(alertMessage([errors, well], links, envelope), inEnglish)
    expect(mail.subject).toBe(
      '[erddap-harvester] harvest-erddap-example-org completed with errors; harvest-b is well again',
    )
    expect(mail.text).toBe(`harvest-erddap-example-org completed with errors (3 % of the datasets)
  97 harvested, 3 of 100 failed
  Run in Prefect: https://prefect.example.org/runs/flow-run/run-1
  Run: https://data.example.org/harvester/harvest/run/run-1
  Source: https://data.example.org/harvester/harvest/server/erddap-example-org-erddap

harvest-b is well again
  had failed since 2026-11-21 05:00 UTC
  Run in Prefect: https://prefect.example.org/runs/flow-run/run-1
  Run: https://data.example.org/harvester/harvest/run/run-1
  Source: https://data.example.org/harvester/harvest/server/erddap-example-org-erddap

-- 
erddap-harvester on worker-1, namespace default, 2026-11-21 05:01 UTC
`)
  })

  it('keeps line breaks of a message out of its subject', () => {
    const { subject } = asMail(
      alertMessage([alert({}, { name: 'a\r\nBcc: x@example.org' })], links, envelope),
      inEnglish,
    )
    expect(subject).not.toMatch(/[\r\n]/)
  })
})

describe('a message to Slack', () => {
  it('is text with links, and what a server said cannot format or mention', () => {
    const { text } = asSlack(
      alertMessage([alert({}, { message: '<!channel> & co' })], links, envelope),
      inEnglish,
    )
    expect(text).toBe(`*harvest-erddap-example-org failed*
:red_circle: *harvest-erddap-example-org* failed: &lt;!channel&gt; &amp; co
<https://prefect.example.org/runs/flow-run/run-1|Run in Prefect> · <https://data.example.org/harvester/harvest/run/run-1|Run> · <https://data.example.org/harvester/harvest/server/erddap-example-org-erddap|Source>`)
  })

  it('stays within what Slack shows, and says how many are left out', () => {
    const many = Array.from({ length: 60 }, (_, n) =>
      alert({}, { name: `harvest-${n}`, message: 'x'.repeat(900) }),
    )
    const { text } = asSlack(alertMessage(many, links, envelope), inEnglish)
    expect(text.length).toBeLessThan(4000)
    expect(text).toMatch(/… and 5\d more$/)
  })
})

describe('a mail in French', () => {
  const counts = runFact('COUNTS', { success: 12, unchanged: 3, skipped: 1, error: 2 })
  const failure = alert({}, { message: runSentence('en', [counts]), facts: [counts] })

  it('says what happened, how often and where to look, of the facts of the run', () => {
    const { subject, text } = asMail(alertMessage([failure], links, envelope), inFrench)
    expect(subject).toBe('[erddap-harvester] harvest-erddap-example-org a échoué')
    expect(text).toBe(`harvest-erddap-example-org a échoué
  12 moissonnés, 3 inchangés, 1 écarté, 2 échecs sur 18
  Exécution dans Prefect : https://prefect.example.org/runs/flow-run/run-1
  Exécution : https://data.example.org/harvester/harvest/run/run-1
  Source : https://data.example.org/harvester/harvest/server/erddap-example-org-erddap

-- 
erddap-harvester sur worker-1, espace de noms default, 2026-11-21 05:01 UTC
`)
  })

  it('keeps the words of a server, and translates what is known of a message without facts', () => {
    const french = (message: string) =>
      asMail(alertMessage([alert({}, { message })], links, envelope), inFrench).text.split('\n')[1]
    expect(french('Crashed: the process was stopped')).toBe('  Interrompue : le processus a été arrêté')
    expect(french('GET https://a.example answered 500')).toBe('  GET https://a.example answered 500')
  })

  it('counts as the French do, and tells what is well again', () => {
    const others = ['a', 'b'].map((name) => alert({ kind: 'crashed' }, { name }))
    const well = alert(
      { status: 'recovered', recoveredAt: at('21T06:00:00'), toldBefore: at('21T05:00:30'), occurrences: 2 },
      { name: 'c' },
    )
    const errors = alert({ kind: 'errors' }, { name: 'd', datasets: { failed: 3, total: 200 } })
    const message = alertMessage([...others, well, errors], links, { ...envelope, test: true })
    expect(asMail(message, inFrench).subject).toBe(
      '[erddap-harvester] Essai : a, b ont été interrompus; d s’est terminé avec des erreurs; c va de nouveau bien',
    )
    const { text } = asMail(message, inFrench)
    expect(text).toContain('d s’est terminé avec des erreurs (1,5 % des jeux de données)')
    expect(text).toContain(
      'était en échec depuis le 2026-11-21 05:00 UTC; 2 fois de plus depuis le 2026-11-21 05:00 UTC',
    )
    expect(asSlack(message, inFrench).text.split('\n')[0]).toBe(
      '*Essai : a, b ont été interrompus; d s’est terminé avec des erreurs; c va de nouveau bien*',
    )
  })

  it('is English in JSON, whatever the mails are, with the facts beside', () => {
    const message = alertMessage([failure], links, envelope)
    expect(message.summary).toBe('harvest-erddap-example-org failed')
    expect(message.alerts[0]).toMatchObject({
      message: '12 harvested, 3 unchanged, 1 skipped, 2 of 18 failed',
      facts: [counts],
    })
  })
})
