import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** A stage of the Dockerfile, as far as it can be carried out in a plain folder. */
export interface Stage {
  readonly name: string | null
  readonly steps: readonly { instruction: string; rest: string }[]
}

const root = resolve(import.meta.dirname, '../..')

export function readDockerfile(): Stage[] {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
  const stages: { name: string | null; steps: { instruction: string; rest: string }[] }[] = []
  for (const line of text.split('\n')) {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    if (instruction === undefined || rest === undefined) continue
    if (instruction === 'FROM') stages.push({ name: /\sAS\s+(\w+)/i.exec(rest)?.[1] ?? null, steps: [] })
    else stages.at(-1)?.steps.push({ instruction, rest })
  }
  return stages
}

/** The words of `ENTRYPOINT ["a", "b"]`; null where the instruction is absent or in shell form. */
export function execForm(stage: Stage, instruction: string): string[] | null {
  const step = stage.steps.findLast((one) => one.instruction === instruction)
  if (!step?.rest.startsWith('[')) return null
  return JSON.parse(step.rest) as string[]
}

export function environmentOf(stage: Stage, args: Record<string, string>): Record<string, string> {
  const pairs = stage.steps
    .filter(({ instruction }) => instruction === 'ENV')
    .flatMap(({ rest }) => [...rest.matchAll(/(\w+)=(\S*)/g)])
    .map(([, name, value]) => [name!, value!.replaceAll(/\$\{(\w+)\}/g, (_, arg: string) => args[arg] ?? '')])
  return Object.fromEntries(pairs)
}

/**
 * Does what the stages do with files: copies what they copy (through .dockerignore) and runs their npm commands.
 * Returns the folder of the last stage's working directory.
 */
export function assemble(folder: string, args: Record<string, string> = {}): string {
  const context = join(folder, 'context')
  copyContext(context)
  const places = new Map<string, string>()
  let last = ''
  for (const [index, stage] of readDockerfile().entries()) {
    const place = join(folder, stage.name ?? `stage-${index}`)
    mkdirSync(place, { recursive: true })
    places.set(stage.name ?? String(index), place)
    const values: Record<string, string> = {}
    for (const { instruction, rest } of stage.steps) {
      if (instruction === 'ARG') {
        const [, name, value = ''] = /^(\w+)(?:=(.*))?$/.exec(rest) ?? []
        values[name!] = args[name!] ?? value.replaceAll('"', '')
      } else if (instruction === 'COPY') {
        const from = /^--from=(\w+)\s+/.exec(rest)
        const base = from ? places.get(from[1]!)! : context
        const words = rest
          .slice(from?.[0].length ?? 0)
          .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
          .split(/\s+/)
        const target = words.pop()!
        for (const word of words)
          copy(join(base, word.replace('/opt/harvester/', '')), join(place, target), target)
      } else if (instruction === 'RUN' && rest.startsWith('npm ')) {
        execFileSync('sh', ['-ec', rest], { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] })
      }
    }
    last = place
  }
  return last
}

/** As COPY does: the contents of a folder, or a file; into a folder where the target ends in a slash or is one. */
function copy(source: string, target: string, written: string): void {
  const into =
    statSync(source).isFile() &&
    (written.endsWith('/') || (existsSync(target) && statSync(target).isDirectory()))
      ? join(target, basename(source))
      : target
  cpSync(source, into, { recursive: true })
}

/** What is sent to the builder: .dockerignore excludes everything and names exceptions. */
function copyContext(target: string): void {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines[0] !== '*') throw new Error('.dockerignore no longer begins by excluding everything')
  for (const line of lines.slice(1)) {
    if (!line.startsWith('!')) throw new Error(`.dockerignore: ${line} is not understood here`)
    cpSync(join(root, line.slice(1)), join(target, line.slice(1)), { recursive: true })
  }
}

/** Every file below a folder, as paths relative to it. */
export function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix)).flatMap((name) => {
    const path = join(prefix, name)
    return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path]
  })
}
