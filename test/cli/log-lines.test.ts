import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ErddapServer, startErddap } from '../../src/demo/erddap.ts'
import { scaleDatasets } from '../../src/demo/scale.ts'
import { harvester } from '../acceptance/run.ts'

let server: ErddapServer
let folder: string
beforeAll(async () => {
  server = await startErddap({ datasets: scaleDatasets({ kind: 'mixed', datasets: 3 }) })
  folder = mkdtempSync(join(tmpdir(), 'log-lines-'))
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the log of a harvest', () => {
  it('names run, flow, task, source and dataset on every line that has them, and no secret', async () => {
    const { stderr, code } = await harvester(
      ['harvest', '--no-load', '--url', server.url, '--ckan-url', 'http://me:hunter22@127.0.0.1:9'],
      folder,
      { HARVEST_TRIGGER_TOKEN: 'a-long-random-text' },
    )
    expect(code, stderr).toBe(0)
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const ofRun = lines.filter(({ flowRunId }) => flowRunId !== undefined)
    expect(ofRun.length).toBeGreaterThan(5)
    const [first] = ofRun
    for (const line of ofRun)
      expect(line).toMatchObject({
        run: first?.run,
        flowRunId: first?.flowRunId,
        flow: 'Harvest Source',
        source: server.url,
        level: expect.stringMatching(/^(info|warn|error)$/),
        time: expect.any(String),
      })
    const datasets = ofRun.filter(({ status }) => status !== undefined)
    expect(datasets.map(({ task }) => task)).toEqual(Array(3).fill('harvest-datasets'))
    expect(new Set(datasets.map(({ dataset }) => dataset)).size).toBe(3)
    expect(stderr).not.toContain('hunter22')

    const logs = join(folder, 'logs')
    const [name] = readdirSync(logs)
    const text = readFileSync(join(logs, name!), 'utf8')
    expect(text).toContain('harvest-datasets')
    expect(text).not.toContain('hunter22')
  })
})
