import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions } from '../../src/log/log.ts'

function written(options: Partial<LogOptions>): string[] {
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'pretty', write: (line) => lines.push(line), ...options })
  log.debug({}, 'not shown')
  log.info({ source: 'https://me:pw@erddap.example.org/erddap', datasets: 3 }, 'listed')
  log.error({ error: new Error('broken', { cause: 1 }) }, 'failed')
  return lines
}

describe('the log for people', () => {
  it('has a line a record, with its facts and without secrets', () => {
    const lines = written({ time: false })
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe('INFO: listed {"source":"https://***@erddap.example.org/erddap","datasets":3}\n')
    expect(lines[1]).toContain('broken')
  })

  it('begins with the time, unless that is switched off, and leaves out what all lines share', () => {
    const [line] = written({ facts: { worker: 'host-1' } })
    expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: listed /)
    expect(line).not.toContain('host-1')
  })

  it('goes to a file as JSON, with the time and what all lines share', () => {
    const kept: string[] = []
    const shown = written({
      time: false,
      facts: { worker: 'host-1' },
      file: { write: (line) => void kept.push(line) },
    })
    expect(shown[0]).toMatch(/^INFO: listed /)
    expect(kept.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'info', time: expect.any(String), worker: 'host-1', datasets: 3, msg: 'listed' },
      { level: 'error', worker: 'host-1', error: { message: 'broken' }, msg: 'failed' },
    ])
  })
})

describe('the log for machines', () => {
  it('is JSON, one object a line', () => {
    const lines = written({ format: 'json', time: false, facts: { worker: 'host-1' } })
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'info', worker: 'host-1', source: 'https://***@erddap.example.org/erddap', msg: 'listed' },
      { level: 'error', msg: 'failed' },
    ])
    expect(lines.join('')).not.toContain('"time"')
  })
})
