import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findConfig, readHarvestConfig } from '../../src/config/harvest.ts'
import { environmentOf, execForm, readDockerfile } from './dockerfile.ts'

const root = resolve(import.meta.dirname, '../..')
const stages = readDockerfile()
const final = stages.at(-1)!
const words = (instruction: string) =>
  final.steps.filter((step) => step.instruction === instruction).map(({ rest }) => rest)

describe('the image', () => {
  it('is built in one stage and runs in another, both of the same slim base', () => {
    const froms = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM (.+)$/gm)].map(
      ([, from]) => from!.replace(/--platform=\S+ /, '').replace(/ AS .*/, ''),
    )
    expect(froms).toHaveLength(2)
    for (const from of froms) expect(from).toMatch(/^node:\$\{NODE_VERSION\}-slim$/)
  })

  it('runs as a user with a fixed number', () => {
    expect(words('USER')).toEqual(['10001:10001'])
    expect(words('RUN').join()).toContain('useradd --uid 10001 --gid 10001')
  })

  it('starts node without a shell, so that SIGTERM reaches it', () => {
    expect(execForm(final, 'ENTRYPOINT')).toEqual(['node', '/opt/harvester/bin/harvester.js'])
    expect(execForm(final, 'CMD')).toEqual(['start'])
    expect(words('STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  it('holds no configuration that would be harvested, unless one is baked in', () => {
    expect(words('ARG')).toContain('BAKED_HARVEST_CONFIG=""')
    const step = words('RUN').find((text) => text.includes('BAKED_HARVEST_CONFIG'))!
    const built = (baked: string, present: string[]) => {
      const folder = mkdtempSync(join(tmpdir(), 'image-config-'))
      try {
        mkdirSync(join(folder, 'config'))
        for (const name of present) writeFileSync(join(folder, 'config', name), name)
        const env = { PATH: process.env.PATH, BAKED_HARVEST_CONFIG: baked }
        execFileSync('sh', ['-ec', step], { cwd: folder, env })
        return findConfig({ env: {}, folder })?.text ?? null
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
    const shipped = ['harvest.sample.yaml', 'harvest.production.yaml']
    expect(built('', shipped)).toBeNull()
    // What lies in a developer's folder is no configuration of the image.
    expect(built('', [...shipped, 'harvest.yaml'])).toBeNull()
    expect(built('config/harvest.yaml', [...shipped, 'harvest.yaml'])).toBe('harvest.yaml')
    expect(built('config/harvest.production.yaml', [...shipped, 'harvest.yaml'])).toBe(
      'harvest.production.yaml',
    )
    expect(() => built('config/nowhere.yaml', shipped)).toThrow()
  })

  it('knows its revision and when it was built', () => {
    expect(environmentOf(final, { GIT_SHA: 'abc', BUILD_TIME: '2026-01-01T00:00:00Z' })).toMatchObject({
      NODE_ENV: 'production',
      GIT_SHA: 'abc',
      BUILD_TIME: '2026-01-01T00:00:00Z',
    })
  })

  it('has a health check that tells a server that answers from one that does not', async () => {
    const step = words('HEALTHCHECK')[0]!
    const [program, ...args] = JSON.parse(step.slice(step.indexOf('['))) as [string, ...string[]]
    expect(program).toBe('node')
    let status = 200
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/health' ? status : 404).end(),
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const check = () =>
      new Promise<number>((done) => {
        const child = spawn(process.execPath, args, { env: { HARVESTER_HTTP_PORT: String(port) } })
        child.once('exit', (code) => done(code ?? -1))
      })
    expect(await check()).toBe(0)
    status = 503
    expect(await check()).toBe(1)
    await new Promise((done) => server.close(done))
    expect(await check()).toBe(1)
  })

  it('is sent no file that it does not need: no tests, no .env, no .git', () => {
    const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/.test(line))
    expect(lines[0]).toBe('*')
    expect(lines.slice(1).every((line) => line.startsWith('!'))).toBe(true)
    expect(lines.join()).not.toMatch(/test|\.env|\.git|bench/)
  })
})

describe('the configurations that ship', () => {
  it.each(['config/harvest.sample.yaml', 'config/harvest.production.yaml'])(
    '%s is valid, without a warning',
    (file) => {
      const { sources, warnings } = readHarvestConfig({ file, env: {}, folder: root })
      expect(sources.length).toBeGreaterThan(0)
      expect(warnings).toEqual([])
    },
  )

  it('leave config/harvest.yaml to the site', () => {
    const tracked = execFileSync('git', ['-C', root, 'ls-files', 'config'], { encoding: 'utf8' })
    expect(tracked).not.toContain('config/harvest.yaml')
  })
})
