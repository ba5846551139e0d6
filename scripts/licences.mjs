// Lists the licences of what a production install holds, and ends with 1 where one is not among those below.
// Reads the lock file and the installed packages; asks nobody. `npm run licences`
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Allow use, change and passing on in a program under Apache-2.0, with no more than the notice kept. */
export const accepted = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'PostgreSQL',
  'Unlicense',
  'CC0-1.0',
])

/**
 * @param {string} root folder of package-lock.json
 * @returns {{ name: string, version: string, licence: string }[]} by name; the licence is '' where none is stated
 */
export function productionLicences(root) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(lock.packages)
    .filter(([where, entry]) => where !== '' && !entry.dev)
    .map(([where, entry]) => ({
      name: where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version,
      licence: entry.license ?? installedLicence(join(root, where)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether an SPDX expression leaves a way to use the package: all of an AND, one of an OR. */
export function isAccepted(expression) {
  const plain = expression.replace(/^\((.*)\)$/, '$1')
  if (plain.includes(' OR ')) return plain.split(' OR ').some(isAccepted)
  if (plain.includes(' AND ')) return plain.split(' AND ').every(isAccepted)
  return accepted.has(plain)
}

function installedLicence(folder) {
  const path = join(folder, 'package.json')
  const stated = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).license : undefined
  return typeof stated === 'string' ? stated : ''
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = productionLicences(join(dirname(fileURLToPath(import.meta.url)), '..'))
  for (const { name, version, licence } of found)
    console.log(
      `${isAccepted(licence) ? '  ' : '! '}${(licence || 'none stated').padEnd(14)} ${name} ${version}`,
    )
  const refused = found.filter(({ licence }) => !isAccepted(licence))
  console.log(`${found.length} packages, ${refused.length} with a licence that is not accepted`)
  if (refused.length > 0) process.exitCode = 1
}
