import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { documentedVariables } from '../../scripts/generate-docs.ts'
import { serverOptions } from '../../src/app/service.ts'
import { composeVariables, withoutEffectInCompose } from '../../src/config/compose-variables.ts'
import { environmentVariables, readEnvironment } from '../../src/config/environment.ts'
import { silentLog } from '../../src/log/log.ts'

const root = resolve(import.meta.dirname, '../..')
const files = ['docker-compose.yml', 'docker-compose.worker.yaml', 'docker-compose.coolify.yml']
const read = (file: string) => readFileSync(join(root, file), 'utf8').replaceAll(/^\s*#.*$/gm, '')
interface File {
  services: Record<
    string,
    {
      environment?: Record<string, string> | string[]
      ports?: string[]
      volumes?: string[]
      container_name?: string
    }
  >
}
const parsed = (file: string) => parse(read(file), { merge: true }) as File

describe('the Compose files', () => {
  it.each(files)('%s asks for documented variables only', (file) => {
    const documented = new Set(documentedVariables().map(([name]) => name))
    const used = [...read(file).matchAll(/(?<!\$)\$\{?([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name!)
    const unknown = used.filter((name) => !documented.has(name) && !name.startsWith('SERVICE_'))
    expect([...new Set(unknown)]).toEqual([])
  })

  it('use every variable that is documented as theirs', () => {
    const text = files.map(read).join('\n')
    expect(Object.keys(composeVariables).filter((name) => !text.includes(`\${${name}`))).toEqual([])
  })

  it('give the services every variable of .env.sample, unless the sample says why it has no effect', () => {
    const text = read('docker-compose.yml')
    const reaches = (name: string) => new RegExp(`\\$\\{${name}\\b`).test(text)
    const ours = documentedVariables().map(([name]) => name)
    expect(ours.filter((name) => reaches(name) === name in withoutEffectInCompose)).toEqual([])
    expect(Object.keys(withoutEffectInCompose).filter((name) => !ours.includes(name))).toEqual([])
    const sample = readFileSync(join(root, '.env.sample'), 'utf8')
    for (const [name, reason] of Object.entries(withoutEffectInCompose))
      expect(sample).toMatch(
        new RegExp(`No effect with docker-compose.yml: ${reason.replaceAll('.', '\\.')}\\.\n# ${name}=`),
      )
  })

  it('give a worker and the dashboard what concerns them', () => {
    const { worker, dashboard } = parsed('docker-compose.yml').services
    const both = ['HARVEST_CONFIG_YAML', 'HARVEST_CONFIG_B64', 'HARVESTER_CRON', 'LOG_LEVEL', 'REDIS_URL']
    expect(Object.keys(worker?.environment ?? {})).toEqual(expect.arrayContaining([...both, 'WORKER_LIMIT']))
    expect(Object.keys(dashboard?.environment ?? {})).toEqual(
      expect.arrayContaining([...both, 'HARVEST_TRIGGER_TOKEN']),
    )
  })

  it('publish no port that the Python harvester and its portal have', () => {
    const ports = Object.values(parsed('docker-compose.yml').services).flatMap(({ ports }) => ports ?? [])
    expect(ports.map((port) => /(\d+)\}*:\d+$/.exec(port)?.[1])).toEqual(['15432', '14200', '18098'])
  })

  it('publish ports on loopback unless told otherwise, and none of a worker', () => {
    const { services } = parsed('docker-compose.yml')
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    expect(ports.length).toBe(3)
    for (const port of ports) expect(port).toMatch(/^\$\{BIND_ADDRESS:-127\.0\.0\.1\}:/)
    expect(services.worker?.ports).toBeUndefined()
    expect(parsed('docker-compose.worker.yaml').services.worker?.ports).toBeUndefined()
  })

  it('tell the dashboard where its port is published, which demands a token where it is public', () => {
    expect(parsed('docker-compose.yml').services.dashboard?.environment).toMatchObject({
      BIND_ADDRESS: '${BIND_ADDRESS:-127.0.0.1}',
      HARVEST_TRIGGER_TOKEN: '${HARVEST_TRIGGER_TOKEN:-}',
    })
    const served = (env: Record<string, string>) => () =>
      serverOptions({
        environment: readEnvironment({ HARVESTER_HTTP_HOST: '0.0.0.0', ...env }),
        config: { sources: [] },
        parts: { services: {} },
        log: silentLog,
      } as unknown as Parameters<typeof serverOptions>[0])
    for (const address of ['0.0.0.0', '10.0.0.5', '::', '[::]', '127.0.0.1.example.org']) {
      const refusal = { code: 'CONFIG_INVALID', message: expect.stringContaining('HARVEST_TRIGGER_TOKEN') }
      expect(served({ BIND_ADDRESS: address }), address).toThrow(expect.objectContaining(refusal))
      expect(served({ BIND_ADDRESS: address, HARVEST_TRIGGER_TOKEN: ' ' }), address).toThrow(
        expect.objectContaining(refusal),
      )
      expect(served({ BIND_ADDRESS: address, HARVEST_TRIGGER_TOKEN: 'long and random' })).not.toThrow()
    }
    for (const address of ['', '127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost'])
      expect(served({ BIND_ADDRESS: address }), address).not.toThrow()
    expect(served({})).not.toThrow()
  })

  it('give a worker on another host what that of the first has, but for what registering needs', () => {
    const ofRegistering =
      /^(HARVEST_CONFIG_FILE|HARVEST_DEPLOYMENTS_FILE|OBIS_DATASETS_JSON|\w+_CRON|HARVESTER_TZ|DEPLOY_ID)$/
    const variables = (file: string) => Object.keys(parsed(file).services.worker?.environment ?? {})
    const remote = variables('docker-compose.worker.yaml')
    const lacking = variables('docker-compose.yml').filter((name) => !remote.includes(name))
    expect(lacking.filter((name) => !ofRegistering.test(name))).toEqual([])
  })

  it.each(files)(
    '%s leaves the pools to the program, which ends the default ones in the namespace',
    (file) => {
      const resolved = (env: Record<string, string>) => {
        const text = read(file).replaceAll(/\$\{(\w+):[-?]([^}]*)\}/g, (_, name, other) => env[name] ?? other)
        return Object.entries((parse(text, { merge: true }) as File).services).flatMap(
          ([service, { environment = {} }]) => {
            const given = Array.isArray(environment)
              ? Object.fromEntries(environment.map((line) => line.split(/=(.*)/s, 2)))
              : environment
            if (!('HARVESTER_NAMESPACE' in given)) return []
            const { HARVESTER_NAMESPACE, HARVEST_POOL, MAINTENANCE_POOL } = given
            const ours = Object.entries({ HARVESTER_NAMESPACE, HARVEST_POOL, MAINTENANCE_POOL })
            const used = readEnvironment(
              Object.fromEntries(ours.map(([name, value]) => [name, String(value ?? '')])),
            )
            return [[service, used.HARVEST_POOL, used.MAINTENANCE_POOL]]
          },
        )
      }
      const services = resolved({}).map(([service]) => service)
      expect(services).toContain('worker')
      for (const [env, pools] of [
        [{}, ['harvest', 'maintenance']],
        [{ HARVESTER_NAMESPACE: 'atlantic' }, ['harvest-atlantic', 'maintenance-atlantic']],
        [{ HARVESTER_NAMESPACE: 'atlantic', HARVEST_POOL: 'h' }, ['h', 'maintenance-atlantic']],
      ] as const)
        expect(resolved(env)).toEqual(services.map((service) => [service, ...pools]))
    },
  )

  it('keep for a worker with a name of its own what it tells when it starts again', () => {
    const { worker } = parsed('docker-compose.worker.yaml').services
    expect(worker?.environment).toMatchObject({ WORKER_NAME: '${WORKER_NAME:-}' })
    expect(worker?.volumes).toContain(
      `data:/opt/harvester/${environmentVariables.HARVESTER_DATA_DIR.default}`,
    )
  })

  it('can be scaled: no service has a container name of its own', () => {
    for (const file of files)
      for (const service of Object.values(parsed(file).services))
        expect(service.container_name).toBeUndefined()
  })

  it('hold no password', () => {
    for (const file of files) {
      const secrets = read(file)
        .split('\n')
        .filter(
          (line) => /(PASSWORD|AUTH_STRING|TOKEN|API_KEY)(:|=)\s?\S/.test(line) && !line.includes('[ -n'),
        )
      expect(secrets.length).toBeGreaterThan(0)
      for (const line of secrets) expect(line).toMatch(/\$\{\w+:(\?.*|-)\}/)
    }
  })
})

describe('the Compose file for Coolify', () => {
  const text = read('docker-compose.coolify.yml')

  it('is plain YAML: no custom tag, no anchor, no extension, no host port, no file of the repository', () => {
    expect(text).not.toMatch(/^[^"'\n]*: ![a-z]/m)
    expect(text).not.toMatch(/[:-] [&*]\w+$/m)
    expect(text).not.toMatch(/^x-/m)
    const { services } = parsed('docker-compose.coolify.yml')
    for (const service of Object.values(services)) {
      expect(service.ports).toBeUndefined()
      for (const volume of service.volumes ?? []) expect(volume).toMatch(/^[a-z]+:\//)
    }
  })

  it('has defaults that are values, since Coolify shows them as they stand, and demands every password', () => {
    expect(text).not.toMatch(/:-[^}\n]*\$/)
    const services = Object.values(parsed('docker-compose.coolify.yml').services)
    const lines = services.flatMap(({ environment }) => environment as string[])
    const secrets = lines.filter((line) => /(PASSWORD|AUTH_STRING|TRIGGER_TOKEN)=/.test(line))
    expect(secrets.length).toBeGreaterThan(5)
    for (const line of secrets) expect(line).toMatch(/=\$\{\w+:\?\}$/)
  })

  it('links to the addresses that Coolify gave', () => {
    const { worker } = parsed('docker-compose.coolify.yml').services
    expect(worker?.environment).toContain('PREFECT_UI_URL=$SERVICE_URL_PREFECT')
    expect(worker?.environment).toContain('HARVESTER_PUBLIC_URL=$SERVICE_URL_DASHBOARD')
  })

  it('asks Coolify for an address of the dashboard and of the Prefect UI', () => {
    const { services } = parsed('docker-compose.coolify.yml')
    expect(services.dashboard?.environment).toContain('SERVICE_URL_DASHBOARD_8098')
    expect(services.prefect?.environment).toContain('SERVICE_URL_PREFECT_4200')
  })
})
