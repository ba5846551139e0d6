import { afterEach, expect, it } from 'vitest'
import {
  type AlertRules,
  createPrefectBackend,
  ensureSilentRule,
  prefectSettings,
} from '../../src/runs/index.ts'
import {
  automationNames,
  failureRule,
  sameRule,
  silentRule,
  staleRule,
} from '../../src/runs/prefect/automations.ts'
import { blockName } from '../../src/runs/prefect/webhook-blocks.ts'
import { type FakePrefect, startFakePrefect } from '../support/prefect-fake.ts'

let fake: FakePrefect | null = null
afterEach(async () => {
  await fake?.close()
  fake = null
})

function rules(more: Partial<AlertRules> = {}): AlertRules {
  return {
    namespace: 'north',
    uiUrl: 'https://prefect.example.org',
    dashboardUrl: null,
    channels: { webhook: 'https://ops.example.org/hook', slack: null },
    tell: ['failed', 'crashed'],
    staleHours: 48,
    harvestFlows: ['Harvest Source'],
    ...more,
  }
}

const call = [{ type: 'call-webhook' as const, block_document_id: 'block', payload: '{}' }]

it('tells of timeouts as of failures, and of nothing where nothing is to be told', () => {
  expect(failureRule(rules(), call)?.trigger.expect).toEqual([
    'prefect.flow-run.Failed',
    'prefect.flow-run.TimedOut',
    'prefect.flow-run.Crashed',
  ])
  expect(failureRule(rules({ tell: ['crashed'] }), call)?.trigger.expect).toEqual([
    'prefect.flow-run.Crashed',
  ])
  expect(failureRule(rules({ tell: [] }), call)).toBeNull()
  expect(failureRule(rules(), [])).toBeNull()
  expect(staleRule(rules({ staleHours: 0 }), call)).toBeNull()
  expect(staleRule(rules(), [])).toBeNull()
  expect(staleRule(rules({ staleHours: 0.001 }), call)?.trigger.within).toBe(10)
})

it('recognises its rule among the defaults, ids and orders of the server, and every difference that matters', () => {
  const wanted = silentRule('north', 600)
  const known = structuredClone({
    ...wanted,
    id: 'an-id',
    enabled: false,
    trigger: {
      ...wanted.trigger,
      id: 'trigger-id',
      expect: [...(wanted.trigger.expect ?? [])].reverse(),
      match: { 'prefect.resource.id': ['prefect.flow-run.*'] },
      match_related: [wanted.trigger.match_related],
      within: 600,
    },
    actions: wanted.actions.map((action) => ({ ...action, name: null, force: false })),
  })
  expect(sameRule(known, wanted)).toBe(true)
  expect(sameRule(known, silentRule('north', 300))).toBe(false)
  expect(sameRule(known, silentRule('south', 600))).toBe(false)
  expect(sameRule({ ...known, actions: [] }, wanted)).toBe(false)
  expect(
    sameRule({ ...known, trigger: { ...known.trigger, expect: ['prefect.flow-run.heartbeat'] } }, wanted),
  ).toBe(false)
})

it('says in the state of a run how long it was silent', () => {
  expect(silentRule('n', 600).actions[0]).toMatchObject({ message: 'No sign of life for 10 minutes' })
  expect(silentRule('n', 15).actions[0]).toMatchObject({ message: 'No sign of life for 15 seconds' })
})

it('names blocks as Prefect takes them, one for each namespace', () => {
  expect(blockName('webhook', 'north')).toBe('erddap-harvester-north-webhook')
  const odd = ['North', 'NORTH', 'nor th', 'nor_th'].map((namespace) => blockName('webhook', namespace))
  expect(new Set(odd).size).toBe(4)
  for (const name of odd) expect(name).toMatch(/^[a-z0-9-]+$/)
})

it('creates the rule for silent runs once', async () => {
  fake = await startFakePrefect()
  const settings = prefectSettings({ PREFECT_API_URL: fake.apiUrl })
  if (!settings) throw new Error('no settings')
  const backend = createPrefectBackend({ settings })
  const name = automationNames.silent('north')
  expect((await ensureSilentRule(backend, 'north')).created).toEqual([name])
  expect((await ensureSilentRule(backend, 'north')).unchanged).toEqual([name])
  expect((await ensureSilentRule(backend, 'south')).created).toEqual([automationNames.silent('south')])
  await backend.close()
})
