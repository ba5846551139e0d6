import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Entry {
  version?: string
  integrity?: string
  dev?: boolean
  os?: string[]
  cpu?: string[]
  hasInstallScript?: boolean
  optionalDependencies?: Record<string, string>
}

const root = resolve(import.meta.dirname, '../..')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const entries = Object.entries(lock.packages)

describe('the lock file', () => {
  it('names the build for every platform, else `npm ci` refuses it (scripts/complete-lock.mjs mends it)', () => {
    const missing = entries.flatMap(([where, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          !(`node_modules/${name}` in lock.packages) && !(`${where}/node_modules/${name}` in lock.packages),
      ),
    )
    expect(missing).toEqual([])
  })

  it('says where no package is downloaded from, so that any registry will do', () => {
    expect(entries.filter(([, entry]) => 'resolved' in entry).map(([where]) => where)).toEqual([])
  })
})

describe('every package', () => {
  it('has a checksum (scripts/complete-lock.mjs fetches what npm left out)', () => {
    const without = entries.filter(
      ([where, entry]) => where !== '' && !entry.integrity?.startsWith('sha512-'),
    )
    expect(without.map(([where]) => where)).toEqual([])
  })
})

describe('what the image installs', () => {
  it('runs on amd64 and arm64 alike: no production dependency is compiled or tied to a processor', () => {
    const tied = entries.filter(
      ([where, entry]) =>
        where !== '' && !entry.dev && (entry.cpu || entry.os || entry.hasInstallScript === true),
    )
    expect(tied.map(([where]) => where)).toEqual([])
  })

  it('holds every package that the program imports, and no other', () => {
    const imported = new Set(
      sources(join(root, 'src')).flatMap((path) =>
        [
          ...readFileSync(path, 'utf8').matchAll(
            /^(?:import|export)\s(?!type\s)(?:[^'"]*?\sfrom\s+)?'([^.'][^']*)'|\b(?:import|require)\('([^.'][^']*)'\)/gm,
          ),
        ]
          .map(([, fixed, lazy]) => (fixed ?? lazy) as string)
          .filter((name) => !name.startsWith('node:'))
          .map((name) =>
            name
              .split('/')
              .slice(0, name.startsWith('@') ? 2 : 1)
              .join('/'),
          ),
      ),
    )
    const production = Object.keys(manifest.dependencies)
    expect([...imported].filter((name) => !production.includes(name))).toEqual([])
    expect(production.filter((name) => !imported.has(name))).toEqual([])
  })
})

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    // The page is bundled when the image is built.
    if (statSync(path).isDirectory()) return name === 'web' ? [] : sources(path)
    return path.endsWith('.ts') ? [path] : []
  })
}
