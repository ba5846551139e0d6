// Prints the list of parts (SBOM, CycloneDX) of a production install, made by npm from the lock file: `npm run --silent sbom`.
// With `--omit dev` npm leaves out what a development package needs as well, so all are asked for and those drop out.
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { productionLicences } from './licences.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bom = JSON.parse(
  execFileSync(
    'npm',
    ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  ),
)
const production = new Set(productionLicences(root).map(({ name, version }) => `${name} ${version}`))
bom.components = bom.components.filter(({ name, version }) => production.has(`${name} ${version}`))
const kept = new Set([
  bom.metadata.component['bom-ref'],
  ...bom.components.map((component) => component['bom-ref']),
])
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }))
// npm takes the name of the folder.
bom.metadata.component.name = 'erddap-harvester'
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`)
