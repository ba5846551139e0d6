import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { ask, lines } from './ask.ts'

it('harvester demo says where it listens, serves, and ends with 0 when it is stopped', async () => {
  const script = `import('${new URL('../../src/cli/demo.ts', import.meta.url)}').then(({ demoCommand }) =>
    demoCommand().parseAsync(['--scale', 'mixed', '--datasets', '7'], { from: 'user' }))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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
