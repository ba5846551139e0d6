// Adds to package-lock.json the builds for other platforms that npm leaves out when its registry does not have them.
// `npm ci` refuses a lock file in which one is missing, so run this after `npm install` where that happened; it
// changes nothing in a whole lock file. Entries without a checksum get the registry's. test/deploy/lock.test.ts holds the
// lock file complete.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']

/** What a package of one platform says of itself, by its name: `@scope/tool-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = systems.find((system) => words.includes(system))
  const cpu = processors.find((processor) => words.includes(processor))
  if (!os || !cpu) throw new Error(`${name}: its platform cannot be told by its name`)
  return { cpu: [cpu], os: [os], ...(words.includes('musl') && { libc: ['musl'] }) }
}

let added = 0
for (const [where, entry] of Object.entries(lock.packages))
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const places = [`${where}/node_modules/${name}`, `node_modules/${name}`]
    if (places.some((place) => place in lock.packages)) continue
    if (!/^\d/.test(version)) throw new Error(`${name}: ${version} is no single version`)
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev && { dev: true }),
      ...(entry.license && { license: entry.license }),
      optional: true,
      ...platformOf(name),
    }
    added++
  }

let checked = 0
for (const [where, entry] of Object.entries(lock.packages)) {
  if (where === '' || entry.integrity) continue
  const name = where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const view = ['view', `${name}@${entry.version}`, 'dist.integrity']
  entry.integrity = execFileSync('npm', view, { encoding: 'utf8' }).trim()
  if (!/^sha512-/.test(entry.integrity)) throw new Error(`${name}: the registry knows no checksum`)
  checked++
}

if (added + checked > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries(sorted)
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
}
console.log(`complete-lock: ${added} added, ${checked} checksums`)
