import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { harvesterProgram } from '../support/program.ts'
import { ask, lines } from './ask.ts'

it('harvester demo says where it listens, serves, and ends with 0 when it is stopped', async () => {
  const child = spawn(
    process.execPath,
    [...harvesterProgram, 'demo', '--scale', 'mixed', '--datasets', '7'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  try {
    const urls: Record<string, string> = {}
    for await (const line of createInterface({ input: child.stdout })) {
      const [, name = '', url = ''] = /^ready (\w+) (\S+)$/.exec(line) ?? []
      urls[name] = url
      if (name === 'ckan') break
    }
    const list = await ask(`${urls.erddap}/tabledap/allDatasets.csv?datasetID`)
    expect(lines(list.body)).toHaveLength(2 + 1 + 7)
    expect((await ask(`${urls.ckan}/api/3/action/package_search?q=erddap`)).status).toBe(200)
  } finally {
    child.kill('SIGTERM')
  }
  expect((await ended)[0]).toBe(0)
})
