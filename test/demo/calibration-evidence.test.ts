import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startErddap } from '../../src/demo/erddap.ts'
import { ask } from './ask.ts'
import { recorded, recordedFolder } from './recorded.ts'
import { cutAt, states } from './recorded-evidence.ts'

const names = readdirSync(new URL('evidence/', recordedFolder))
  .filter((name) => name.endsWith('.req'))
  .map((name) => name.slice(0, -4))

describe('the look-alike answers as the recorded ERDDAP did while', () => {
  it.each(names)('%s', async (name) => {
    const [, datasets, change] = states.find(([fits]) => fits.test(name))!
    const server = await startErddap({
      datasets: datasets(),
      publicUrl: 'http://127.0.0.1:8180/erddap',
      now: () => cutAt,
    })
    try {
      change?.(server)
      const path = recorded(`evidence/${name}`, 'req').trim().slice('http://127.0.0.1:8180'.length)
      const answer = await ask(`${server.origin}${path}`)
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(recorded(`evidence/${name}`, 'headers'))?.[1])
      expect({ status: answer.status, body: answer.body }).toEqual({
        status,
        body: recorded(`evidence/${name}`, 'body'),
      })
    } finally {
      await server.close()
    }
  })
})
