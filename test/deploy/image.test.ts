import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
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

  it('holds the sample configuration, unless another is baked in', () => {
    const args = words('ARG')
    expect(args).toContain('BAKED_HARVEST_CONFIG=config/harvest.sample.yaml')
    expect(words('COPY').join('\n')).toMatch(/^\$\{BAKED_HARVEST_CONFIG\} config\/harvest\.yaml$/m)
    // In the working folder, that name is found without any variable.
    expect(findConfig({ env: {}, folder: root, file: 'config/harvest.sample.yaml' })).not.toBeNull()
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
