import { Command } from 'commander'
import { alertLinks, envelope, openChannels } from '../app/alerting.ts'
import { action, type Parts } from '../app/open.ts'
import { readEnvironment } from '../config/environment.ts'
import { describeError, exitCodes, HarvesterError } from '../errors.ts'
import { openTroubles } from '../inventory/alert-store.ts'
import { TextTable } from '../log/table.ts'
import { type Channel, namedBy } from '../operate/alerts/channels.ts'
import { alertMessage } from '../operate/alerts/message.ts'
import type { Alert, Trouble } from '../operate/alerts/trouble.ts'
import { runFact, runSentence } from '../rules/reasons/run.ts'
import { chooseOrchestrator } from '../runs/index.ts'
import { visible } from '../text.ts'
import { sayJson, sayLine, sayLines } from './console.ts'

export function alertsCommand(): Command {
  const command = new Command('alerts').description('show who is told of failures, and what is wrong now')
  command
    .command('list', { isDefault: true })
    .description('list the configured channels and what is wrong now')
    .option('--json', 'as JSON', false)
    .action(action(listAlerts))
  command
    .command('test')
    .description('send a sample through every channel')
    .action(action(({ variables }) => testAlerts(variables, sayLine)))
  return command
}

async function listAlerts(parts: Parts, flags: { json: boolean }): Promise<number> {
  const { channels, close } = openChannels(parts.environment)
  await close()
  const { log } = parts.console({ level: 'warn' })
  const troubles = await openTroubles(await parts.database(log)())
  const shown = channels.map(({ kind, description }) => ({ kind, description }))
  if (flags.json) sayJson({ channels: shown, troubles })
  else sayLines(renderAlerts(channels, troubles))
  return exitCodes.done
}

export function renderAlerts(
  channels: readonly Pick<Channel, 'description'>[],
  troubles: readonly Trouble[],
): string {
  const lines = channels.map(({ description }) => `  ${visible(description)}`)
  const head =
    channels.length === 0 ? `No channel is configured: set ${namedBy}.` : ['Channels:', ...lines].join('\n')
  if (troubles.length === 0) return `${head}\nNothing is wrong.`
  const table = new TextTable({
    head: ['what', 'kind', 'since', 'last', 'told', 'untold', 'message'],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, null, null, 60],
    wordWrap: true,
  })
  const time = (at: Date | null) => (at === null ? '' : at.toISOString().slice(0, 16).replace('T', ' '))
  for (const { details, kind, openedAt, lastAt, toldAt, untold } of troubles)
    table.push([details.name, kind, time(openedAt), time(lastAt), time(toldAt), untold, details.message])
  return `${head}\n${table.toString()}`
}

/** @throws HarvesterError ALERT_NOT_SENT when there is no channel, or one refused */
export async function testAlerts(
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<number> {
  const environment = readEnvironment(env)
  const orchestrator = chooseOrchestrator(env)
  const { channels, close } = openChannels(environment, orchestrator)
  try {
    if (channels.length === 0)
      throw new HarvesterError('ALERT_NOT_SENT', 'no channel is configured', { remedy: `Set ${namedBy}.` })
    const message = alertMessage([sample(new Date())], alertLinks(environment, orchestrator), {
      ...envelope(environment),
      test: true,
    })
    const refused: string[] = []
    await Promise.all(
      channels.map(async (channel) => {
        try {
          await channel.send(message)
          say(`sent: ${channel.description}`)
        } catch (error) {
          refused.push(channel.kind)
          say(`NOT sent: ${describeError(error)}`)
        }
      }),
    )
    if (refused.length > 0)
      throw new HarvesterError(
        'ALERT_NOT_SENT',
        `${refused.length} of ${channels.length} channels did not take the sample: ${refused.join(', ')}`,
        { remedy: 'Check the address, the login and the network, then try again.' },
      )
    return exitCodes.done
  } finally {
    await close()
  }
}

function sample(now: Date): Alert {
  const only = runFact('TEST', {})
  return {
    status: 'open',
    kind: 'failed',
    subject: 'https://erddap.example.org/erddap',
    openedAt: now,
    lastAt: now,
    recoveredAt: null,
    toldBefore: null,
    occurrences: 1,
    details: {
      name: 'harvest-erddap-example-org',
      source: 'https://erddap.example.org/erddap',
      flow: 'Harvest Source',
      deployment: 'harvest-erddap-example-org',
      runId: '00000000-0000-0000-0000-000000000000',
      runName: 'harvest-erddap-erddap-example-org',
      message: runSentence('en', [only]),
      facts: [only],
      datasets: null,
      lastSuccessAt: null,
    },
  }
}
