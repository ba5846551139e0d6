import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { circlesOf, everything, filesOf, importsOf, rooms, source, web } from './rooms.ts'

const root = resolve(import.meta.dirname, '../..')
const files = filesOf

/** Rooms with a door: what they offer is `index.ts`. Types may come past it, values may not. */
const doors = ['runs', 'sources']
/** What one command shows is a kind of source from within. */
const pastDoors: Readonly<Record<string, RegExp>> = {
  'src/cli/explain.ts': /^src\/sources\/erddap\//,
}
/** Circles of types only, to be opened; a new one does not get in here. */
const knownCircles = [
  'src/operate/backfill/engine.ts src/operate/backfill/plan.ts',
  'src/runs/artifacts.ts src/runs/backend.ts src/runs/children.ts src/runs/engine.ts src/runs/orchestrator.ts src/runs/redact.ts src/runs/tasks.ts',
  'src/runs/standalone/backend.ts src/runs/standalone/queue.ts src/runs/standalone/recorder.ts',
]

describe('imports go in one direction', () => {
  const all = files(source).flatMap(importsOf)

  it('between rooms only as the table of the architecture says', () => {
    const forbidden = all.filter(({ from, to, target, typeOnly }) => {
      if (from === to || everything.has(from)) return false
      if (from === 'web') return !(web.values.test(target) || (typeOnly && web.types.includes(to)))
      const room = rooms[from]
      if (!room) return true
      return !(room.values.includes(to) || (typeOnly && (room.types ?? []).includes(to)))
    })
    expect(
      forbidden.map(({ file, to, typeOnly }) => `${file} imports ${typeOnly ? 'types of ' : ''}${to}`),
    ).toEqual([])
  })

  it('knows every room', () => {
    const present = readdirSync(source).map((name) => name.replace(/\.ts$/, ''))
    expect(present.filter((name) => !(name in rooms) && !everything.has(name) && name !== 'web')).toEqual([])
  })

  it('and the rules do no input or output', () => {
    const outside = files(join(source, 'rules')).filter((file) =>
      /from '(node:|undici|pg|pino)/.test(readFileSync(file, 'utf8')),
    )
    expect(outside.map((file) => relative(root, file))).toEqual([])
  })

  it('and only http/ sends requests, all by one policy', () => {
    const senders = files(source).filter((file) =>
      /from 'undici'|import\('undici'\)|\b(?:await|return|=>) fetch\(/.test(readFileSync(file, 'utf8')),
    )
    expect(
      senders.map((file) => relative(root, file)).filter((file) => !/^src\/(http|web)\//.test(file)),
    ).toEqual([])
  })

  it('and no files import one another in a circle', () => {
    expect(circlesOf(all.filter(({ typeOnly }) => !typeOnly))).toEqual([])
    const found = circlesOf(all).map((circle) => circle.join(' '))
    expect(found.filter((circle) => !knownCircles.includes(circle))).toEqual([])
  })

  it('and what a room keeps behind its door is not reached past it', () => {
    const past = all.filter(({ from, to, target, file, typeOnly }) => {
      if (typeOnly || from === to || !doors.includes(to) || target === `src/${to}/index.ts`) return false
      return !pastDoors[file]?.test(target)
    })
    expect(past.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })
})

describe('the environment', () => {
  it('is taken from the system in src/config/ only', () => {
    const readers = files(source)
      .map((file) => relative(root, file))
      .filter((file) => !file.startsWith('src/config/') && !file.startsWith('src/web/'))
      .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')))
    expect(readers).toEqual([])
  })
})

describe('a command', () => {
  const commands = files(join(source, 'cli'))
    .map((file) => ({ name: relative(source, file), text: readFileSync(file, 'utf8') }))
    .filter(({ text }) => /^export function \w+Command\(\): Command/m.test(text))
  const named = (part: string) => commands.filter(({ text }) => text.includes(part)).map(({ name }) => name)

  it('is composed in app/: of parts, or as a service', () => {
    const composed = [...named("from '../app/open.ts'"), ...named("'../app/service.ts'")]
    // They know nothing of a site: no variables, no database, no server of ours.
    const alone = ['cli/demo.ts', 'cli/vocabularies.ts']
    expect(commands.map(({ name }) => name).filter((name) => !composed.includes(name))).toEqual(alone)
  })

  it('reads no environment and listens to no signal itself', () => {
    // Which of two things it starts depends on what is configured.
    expect(named("from '../config/variables.ts'")).toEqual(['cli/start.ts'])
    expect(named('interruptible')).toEqual([])
    // A supervisor passes signals on, and the demo is what they end.
    expect(named('process.on')).toEqual(['cli/demo.ts', 'cli/workers.ts'])
  })
})

/** Tables, whose rows belong together; a new one does not get in here. */
const longFiles = ['src/config/environment.ts', 'src/demo/build.ts', 'src/demo/datasets-pacific.ts']

describe('files', () => {
  it('are of one noun, and rarely of more than 400 lines', () => {
    const long = files(source)
      .filter((file) => !file.includes('.generated.'))
      .filter((file) => readFileSync(file, 'utf8').split('\n').length - 1 > 400)
    expect(long.map((file) => relative(root, file)).sort()).toEqual(longFiles)
  })
})
