import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

export interface ComposeService {
  image: string
  build?: { context: string; args?: Record<string, string> }
  entrypoint?: string[] | null
  command?: string[] | null
  environment?: Record<string, string | null>
  healthcheck?: { test?: string[]; disable?: boolean; interval?: string; start_period?: string }
  depends_on?: Record<string, { condition: string }>
  ports?: { host_ip?: string; published?: string; target: number }[]
  volumes?: { type: string; source: string; target: string }[]
  restart?: string
  logging?: { driver: string; options: Record<string, string> }
  deploy?: { resources?: { limits?: { cpus?: number; memory?: string } } }
  stop_grace_period?: string
  user?: string
}

export interface ComposeModel {
  name: string
  services: Record<string, ComposeService>
  volumes: Record<string, unknown>
}

/** Docker Compose, built by scripts/build-compose.sh or installed with Docker. */
function composeCommand(): [string, string[]] {
  const built = join(root, '.cache/compose/docker-compose')
  if (existsSync(built)) return [built, []]
  if (spawnSync('docker', ['compose', 'version']).status === 0) return ['docker', ['compose']]
  throw new Error('No Docker Compose: run scripts/build-compose.sh')
}

function invoke(files: readonly string[], variables: Record<string, string>, ...args: string[]) {
  const [program, first] = composeCommand()
  // Only what the test says: neither the developer's environment nor a .env file.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', ...variables }
  return [
    program,
    [
      ...first,
      '--project-directory',
      root,
      '--env-file',
      '/dev/null',
      ...files.flatMap((file) => ['-f', join(root, file)]),
      ...args,
    ],
    { env, encoding: 'utf8' as const },
  ] as const
}

/** What Compose makes of the files: variables filled in, anchors resolved, defaults written out. */
export function resolveCompose(files: readonly string[], variables: Record<string, string>): ComposeModel {
  const [program, args, options] = invoke(files, variables, 'config', '--format', 'json')
  return JSON.parse(
    execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as ComposeModel
}

/** What Compose says against the files; empty where it has nothing to say. */
export function composeComplaint(files: readonly string[], variables: Record<string, string>): string {
  const [program, args, options] = invoke(files, variables, 'config', '--quiet')
  const result = spawnSync(program, args, options)
  return result.status === 0 ? '' : result.stderr
}

/** `$$` of a Compose file stands for one `$`; `config` writes it doubled again. */
export function undollar(text: string): string {
  return text.replaceAll('$$', '$')
}
