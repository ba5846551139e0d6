/** `npm run build` in folders as people have them, and what it says where it can build nothing. */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../support/program.ts'

let place: string
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'harvester-build-test-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** A checkout of the given name, without what `npm ci` installs. */
function checkout(name: string): string {
  const folder = join(place, name)
  mkdirSync(folder)
  for (const part of ['src', 'scripts', 'bin', 'config', 'package.json', 'package-lock.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  for (const part of ['tsconfig.json', 'tsconfig.build.json']) cpSync(join(root, part), join(folder, part))
  return folder
}

/** What the embedded database starts from, which takes a while to make; test/database/template.test.ts makes one. */
function withTemplate(folder: string): string {
  for (const name of readdirSync(join(root, 'dist')).filter((name) => name.startsWith('engine-')))
    cpSync(join(root, 'dist', name), join(folder, 'dist', name))
  return folder
}

function node(folder: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) =>
    execFile(process.execPath, args, { cwd: folder }, (error, out, err) =>
      done({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )
}

describe('the build', () => {
  it('makes program and page in a folder with "#", "%", a blank and an accent', {
    timeout: 300_000,
  }, async () => {
    const folder = withTemplate(checkout('a#b%20c dépôt?'))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    expect(await node(folder, 'scripts/build.mjs')).toEqual({ code: 0, out: '', err: '' })
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(await node(folder, 'bin/harvester.js', '--version')).toEqual({
      code: 0,
      out: `${version}\n`,
      err: '',
    })
    expect(await node(folder, 'bin/harvester.js', 'config', 'check', '--help')).toMatchObject({
      code: 0,
      err: '',
    })
    const page = readFileSync(join(folder, 'dist/web/index.html'), 'utf8')
    const parts = [...page.matchAll(/(?:href|src)="\.\/([^"]+)"/g)].map(([, path = '']) => path)
    expect(parts.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js', 'js', 'svg'])
    for (const path of parts) expect(existsSync(join(folder, 'dist/web', path)), path).toBe(true)

    // What was made from these sources is left as it is, whatever the times of files say.
    writeFileSync(join(folder, 'dist/mark'), '')
    cpSync(join(folder, 'src/errors.ts'), join(folder, 'src/errors.ts.copy'))
    expect((await node(folder, 'scripts/build.mjs')).code).toBe(0)
    expect(existsSync(join(folder, 'dist/mark'))).toBe(false)
    writeFileSync(join(folder, 'dist/mark'), '')
    expect((await node(folder, 'scripts/build.mjs')).code).toBe(0)
    expect(existsSync(join(folder, 'dist/mark'))).toBe(true)

    // A migration that was renamed would be applied twice.
    const renamed = join(folder, 'dist/database/migrations/999-renamed.sql')
    writeFileSync(renamed, '')
    expect((await node(folder, 'scripts/build.mjs', '--program', '--force')).code).toBe(0)
    expect(existsSync(renamed)).toBe(false)
  })

  it('fails where there is no compiler, unless a program was brought along', async () => {
    const folder = checkout('no compiler')
    const failed = await node(folder, 'scripts/build.mjs')
    expect(failed).toMatchObject({ code: 1, out: '' })
    expect(failed.err).toMatch(/not built: the compiler is not installed.*`npm ci` without --omit=dev/)
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist/cli.js'), '')
    expect((await node(folder, 'scripts/build.mjs')).code).toBe(0)
    rmSync(join(folder, 'src'), { recursive: true })
    expect((await node(folder, 'scripts/build.mjs')).code).toBe(0)
    rmSync(join(folder, 'dist'), { recursive: true })
    expect((await node(folder, 'scripts/build.mjs')).err).toContain('there is no src/')
  })

  it('fails where the compiler finds a fault', { timeout: 120_000 }, async () => {
    const folder = checkout('a fault')
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    writeFileSync(join(folder, 'src/fault.ts'), "export const n: number = 'text'\n")
    const failed = await node(folder, 'scripts/build.mjs')
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('harvester was not built: node_modules/typescript/bin/tsc ended with')
  })
})
