import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ProgressBars } from '../../src/log/progress.ts'

function terminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  let text = ''
  stream.on('data', (piece: Buffer) => {
    text += piece
  })
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text }
}

describe('a line of the log above the bars', () => {
  it('is written at once, so that an end right after it loses nothing', async () => {
    const { stream, written } = terminal()
    const bars = new ProgressBars(stream)
    bars.listen({ type: 'source-listed', source: 'https://erddap.example.org/erddap', datasets: 3 } as never)
    bars.print('WARN: the first\n')
    bars.print('WARN: the last')
    bars.stop()
    await new Promise(setImmediate)
    expect(written()).toMatch(/WARN: the first\n[\s\S]*WARN: the last\n/)
  })
})
