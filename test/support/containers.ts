import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { environmentOf, execForm, readDockerfile } from '../deploy/dockerfile.ts'
import { type ComposeService, undollar } from './compose.ts'
import { postgresBinaries } from './postgres.ts'
import { prefectBin, waitUntil } from './prefect.ts'

/**
 * Runs the services of a resolved Compose file without a container engine: as processes with exactly the environment,
 * command, health check and volumes of the model, the image's files at their place, a host name of their own, and one
 * private network in which they find each other by name and port. What is left out: images, cgroups and capabilities.
 */
export interface Network {
  /** Starts a service; `name` tells replicas apart. */
  start(name: string, service: ComposeService, kind: 'harvester' | 'prefect' | 'postgres'): Promise<Instance>
  /** Runs a service to its end. */
  once(name: string, service: ComposeService, kind: 'harvester' | 'postgres'): Promise<Finished>
  /** Starts any program in the network, as the harvester's image sees it. */
  run(command: string[], environment?: Record<string, string>): Promise<Finished>
  /** A process of the harvester's image that is no service of the model. */
  spawn(name: string, args: string[]): Instance
  /** Where the files of a named volume are. */
  volume(name: string): string
  stop(): Promise<void>
}

export interface Finished {
  code: number
  output: string
}

export interface Instance {
  readonly name: string
  readonly output: () => string
  /** Runs the health check of the model. */
  healthy(): Promise<boolean>
  /** `docker compose exec`: a command beside the service, with its environment. */
  exec(args: string[], environment?: Record<string, string>): Promise<Finished>
  /** `docker compose stop`: SIGTERM; gives the exit code. */
  stop(): Promise<number>
}

const user = 10001
const workingFolder = '/opt/harvester'

export async function startNetwork(image: string, hosts: readonly string[]): Promise<Network> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-network-'))
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${hosts.join(' ')}\n`)
  const stage = readDockerfile().at(-1)!
  const imageEnvironment = environmentOf(stage, { GIT_SHA: 'abc1234', BUILD_TIME: '2026-01-01T00:00:00Z' })
  const entrypoint = execForm(stage, 'ENTRYPOINT')!
  const postgres = postgresBinaries()
  if (!postgres) throw new Error('No PostgreSQL: run scripts/install-service-tests.sh')
  // The image calls its Python `python`.
  const prefectPath = join(folder, 'prefect-bin')
  mkdirSync(prefectPath)
  for (const program of ['prefect', 'python'])
    symlinkSync(join(dirname(prefectBin()), program), join(prefectPath, program))
  const paths = {
    harvester: `${dirname(process.execPath)}:/usr/bin:/bin`,
    prefect: `${dirname(prefectBin())}:${prefectPath}:/usr/bin:/bin`,
    postgres: `${postgres}:/usr/bin:/bin`,
  }

  const anchor = spawn(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec sleep infinity'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    },
  )
  await new Promise<void>((done, fail) => {
    anchor.stdout?.once('data', () => done())
    anchor.once('exit', () =>
      fail(new Error('No network namespace could be made: this test needs root (or CAP_SYS_ADMIN)')),
    )
  })
  const instances: Instance[] = []
  const volume = (name: string) => {
    const path = join(folder, 'volumes', name)
    mkdirSync(path, { recursive: true })
    chmodSync(path, 0o777)
    return path
  }

  /** The command line that enters the network, takes a name and mounts what the service sees, then becomes the program. */
  function enter(
    name: string,
    service: ComposeService | null,
    uid: number | null,
    command: string[],
  ): string[] {
    const own = mkdtempSync(join(folder, `${name}-`))
    chmodSync(own, 0o777)
    const mounts = [
      `hostname ${name}`,
      `mount --bind ${join(folder, 'hosts')} /etc/hosts`,
      `mount --bind ${image} /opt`,
      ...['.data', '.cache', 'harvest', 'logs'].map((place) => {
        const private_ = join(own, place)
        mkdirSync(private_)
        chownSync(private_, user, user)
        return `mount --bind ${private_} ${workingFolder}/${place}`
      }),
      ...(service?.volumes ?? [])
        .filter(({ target }) => target.startsWith(workingFolder))
        .map(({ source, target }) => `mount --bind ${volume(source)} ${target}`),
      `cd ${workingFolder}`,
    ]
    const drop = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
    return [
      'nsenter',
      `--net=/proc/${anchor.pid}/ns/net`,
      '--',
      'unshare',
      '--mount',
      '--uts',
      '--',
      'sh',
      '-ec',
      `${mounts.join('\n')}\nexec "$@"`,
      'sh',
      ...drop,
      ...command,
    ]
  }

  function launch(line: string[], environment: Record<string, string>): ChildProcess {
    return spawn(
      'env',
      ['-i', ...Object.entries(environment).map(([key, value]) => `${key}=${value}`), ...line],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      },
    )
  }

  function collect(child: ChildProcess): { text: () => string; end: Promise<number> } {
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        text = (text + data).slice(-200_000)
      })
    const end = new Promise<number>((done) =>
      child.once('close', (code, signal) => done(code ?? (signal ? -1 : 0))),
    )
    return { text: () => text, end }
  }

  function environmentFor(service: ComposeService | null, kind: keyof typeof paths): Record<string, string> {
    const own = Object.entries(service?.environment ?? {}).map(([key, value]) => [key, undollar(value ?? '')])
    return {
      ...(kind === 'harvester' ? imageEnvironment : {}),
      HOME: kind === 'harvester' ? workingFolder : folder,
      ...(kind === 'prefect' && { PREFECT_HOME: join(folder, 'prefect-home') }),
      ...Object.fromEntries(own),
      PATH: `${paths[kind]}:/usr/sbin:/sbin`,
    }
  }

  function commandFor(service: ComposeService, kind: keyof typeof paths): string[] {
    const first = service.entrypoint ?? (kind === 'harvester' ? entrypoint : [])
    return [...first, ...(service.command ?? [])].map(undollar)
  }

  function instance(
    name: string,
    child: ChildProcess,
    service: ComposeService | null,
    kind: keyof typeof paths,
    end = () => child.kill('SIGTERM'),
  ): Instance {
    const { text, end: ended } = collect(child)
    const beside = async (command: string[], more: Record<string, string> = {}): Promise<Finished> => {
      const line = [
        'nsenter',
        `--target=${child.pid}`,
        '--net',
        '--mount',
        '--uts',
        '--',
        // Entered after the mounts: nsenter's own --wd is looked up outside.
        'sh',
        '-ec',
        `cd ${workingFolder}; exec "$@"`,
        'sh',
        ...(kind === 'harvester'
          ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--']
          : []),
        ...command,
      ]
      const other = collect(launch(line, { ...environmentFor(service, kind), ...more }))
      const code = await other.end
      return { code, output: other.text() }
    }
    const made: Instance = {
      name,
      output: text,
      async healthy() {
        const [how, ...test] = service?.healthcheck?.test ?? []
        if (how === undefined) throw new Error(`${name} has no health check`)
        const command = how === 'CMD-SHELL' ? ['sh', '-c', ...test] : test
        return (await beside(command.map(undollar))).code === 0
      },
      exec: beside,
      async stop() {
        end()
        return ended
      },
    }
    instances.push(made)
    return made
  }

  /** What the entry point of the database's image does on an empty volume, then the server as the model says. */
  async function startPostgres(name: string, service: ComposeService): Promise<Instance> {
    const {
      POSTGRES_USER: owner,
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: database,
    } = environmentFor(service, 'postgres')
    const home = join(folder, 'postgres')
    mkdirSync(home)
    writeFileSync(join(home, 'password'), password ?? '')
    execFileSync('chown', ['-R', 'postgres:', home])
    const asServer = ['runuser', '-u', 'postgres', '--']
    const data = join(home, 'data')
    const initdb = [join(postgres!, 'initdb'), '-D', data, '-U', owner!, '--pwfile', join(home, 'password')]
    execFileSync(asServer[0]!, [...asServer.slice(1), ...initdb, '-A', 'scram-sha-256', '-N'], {
      cwd: '/',
      stdio: 'ignore',
    })
    const command = [...commandFor(service, 'postgres'), '-D', data, '-k', home, '-c', 'listen_addresses=*']
    const pid = spawn(
      'env',
      [
        '-i',
        `PATH=${paths.postgres}:/usr/sbin:/sbin`,
        ...enter(name, null, Number(idOf('postgres')), command),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const made = instance(name, pid, service, 'postgres', () => pid.kill('SIGINT'))
    const create = ['createdb', '-h', '127.0.0.1', '-U', owner!, '-O', owner!, database!]
    let created: Finished = { code: -1, output: '' }
    await waitUntil('PostgreSQL', async () => {
      created = await made.exec(create, { PGPASSWORD: password ?? '' })
      return created.code === 0
    }).catch((error: unknown) => {
      throw new Error(`${created.output}\n${made.output()}`, { cause: error })
    })
    return made
  }

  return {
    volume,
    async start(name, service, kind) {
      if (kind === 'postgres') return startPostgres(name, service)
      const uid = kind === 'harvester' ? user : null
      const line = enter(name, service, uid, commandFor(service, kind))
      return instance(name, launch(line, environmentFor(service, kind)), service, kind)
    },
    async once(name, service, kind) {
      const line = enter(name, service, kind === 'harvester' ? user : null, commandFor(service, kind))
      const run = collect(launch(line, environmentFor(service, kind)))
      return { code: await run.end, output: run.text() }
    },
    async run(command, environment = {}) {
      const run = collect(
        launch(enter('tool', null, user, command), { ...environmentFor(null, 'harvester'), ...environment }),
      )
      return { code: await run.end, output: run.text() }
    },
    spawn(name, args) {
      const line = enter(name, null, user, [...entrypoint, ...args])
      return instance(name, launch(line, environmentFor(null, 'harvester')), null, 'harvester')
    },
    async stop() {
      for (const one of instances.reverse()) await one.stop().catch(() => -1)
      anchor.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function idOf(name: string): string {
  return execFileSync('id', ['-u', name], { encoding: 'utf8' }).trim()
}
