import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentedVariables } from '../../scripts/generate-docs.ts'
import { environmentVariables } from '../../src/config/environment.ts'
import { exitCodes } from '../../src/errors.ts'

const path = resolve(import.meta.dirname, '../../docs/systemd/harvester-worker@.service')
const text = readFileSync(path, 'utf8')
const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const values = (name: string) =>
  lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1))
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the systemd unit of a worker', () => {
  it('is made of sections and settings', () => {
    expect(lines.filter((line) => line.startsWith('['))).toEqual(['[Unit]', '[Service]', '[Install]'])
    expect(lines.filter((line) => !/^(\[\w+\]|[A-Z]\w+=.*)$/.test(line))).toEqual([])
  })

  it.runIf(hasSystemd)('is understood by systemd', () => {
    const folder = mkdtempSync(join(tmpdir(), 'systemd-'))
    try {
      const unit = join(folder, 'harvester-worker@1.service')
      // It asks whether the program is there, which need not be so where tests run.
      writeFileSync(unit, text.replace('/usr/bin/node', process.execPath))
      const said = execFileSync('systemd-analyze', ['verify', unit], { encoding: 'utf8', stdio: 'pipe' })
      expect(said).toBe('')
      writeFileSync(
        unit,
        text.replace('/usr/bin/node', process.execPath).replace('KillMode=mixed', 'KillMode=odd'),
      )
      expect(spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' }).stderr).toContain('odd')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('waits longer for the end than a worker takes by default, and does not repeat what cannot be mended', () => {
    const [seconds] = values('TimeoutStopSec').map(Number)
    expect(seconds).toBeGreaterThan(Number(environmentVariables.WORKER_GRACE_SECONDS.default) + 20)
    expect(values('KillSignal')).toEqual(['SIGTERM'])
    expect(values('RestartPreventExitStatus')).toEqual([String(exitCodes.usage)])
  })

  it('sets variables that exist, and a name of its own for each instance', () => {
    const known = new Set(documentedVariables().map(([name]) => name))
    const set = new Map(values('Environment').map((line) => line.split('=') as [string, string]))
    expect([...set.keys()].filter((name) => !known.has(name))).toEqual([])
    expect(set.get('WORKER_NAME')).toContain('%i')
  })

  it('may write only where it has folders of its own', () => {
    expect(values('ProtectSystem')).toEqual(['strict'])
    for (const [name, folder] of [
      ['StateDirectory', '/var/lib'],
      ['CacheDirectory', '/var/cache'],
      ['LogsDirectory', '/var/log'],
    ] as const) {
      const own = `${folder}/${values(name)[0]}`
      expect(
        [...values('Environment'), ...values('WorkingDirectory')].some((line) => line.endsWith(own)),
      ).toBe(true)
    }
  })
})
