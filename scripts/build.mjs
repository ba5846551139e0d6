// Bundles src/ to dist/, copies what the bundler does not, and builds the dashboard page.
// Nothing is done when dist/ was made from these very sources, so that `npm start` is quick the second time.
//   node scripts/build.mjs [--force]
//   node scripts/build.mjs --program    without the page and without a check of types: what tests run
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const page = 'src/web'
const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs']

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)))
}

/** By content: times of files mean nothing after a checkout, a copy, or a change of the clock. */
function fingerprint(leaveOut) {
  const hash = createHash('sha256')
  for (const path of ['src', ...settings].flatMap((name) => filesBelow(join(root, name))).sort()) {
    const name = relative(root, path)
    if (leaveOut && name.startsWith(leaveOut)) continue
    hash.update(`${name}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

function isMade(stamp, result, sources) {
  if (!existsSync(join(dist, result)) || process.argv.includes('--force')) return false
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sources
}

function run(...args) {
  try {
    execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  } catch (error) {
    fail(`${args[0]} ended with ${error.status ?? error.signal ?? error.message}`)
  }
}

function fail(why) {
  console.error(`harvester was not built: ${why}.`)
  process.exit(1)
}

/** What is started by its path: by bin/, as a thread, by this script. */
const entries = [
  'cli',
  'app/signals',
  'database/embedded/worker',
  'database/make-template',
  'sources/obis/parquet-worker',
]
/**
 * Libraries of many small modules that only compute go into the bundle: finding and reading five hundred files takes
 * longer than running them. Those that open connections and files stay what `npm` installed.
 */
const bundled = [
  'zod',
  'hyparquet',
  'hyparquet-compressors',
  'hyparquet-writer',
  'csv-parse',
  'csv-stringify',
  'yaml',
  'commander',
  'cli-table3',
  'cli-progress',
  'croner',
  'lru-cache',
  'openapi-fetch',
  'p-limit',
]
/** What is bundled may be CommonJS, which asks Node for its own modules this way. */
const requireOfNode =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"

/** Zod brings its sentences in fifty languages, a tenth of what a command would read before it starts: English is used. */
const zodInEnglish = {
  name: 'zod-in-english',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/locales\/index\.js$/ }, ({ importer }) =>
      /[\\/]zod[\\/]v4[\\/]/.test(importer)
        ? { path: join(root, 'node_modules/zod/v4/locales/en.js') }
        : undefined,
    )
  },
}

async function compile() {
  const { build } = await import('esbuild')
  const external = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies)
    .filter((name) => !bundled.includes(name))
    .flatMap((name) => [name, `${name}/*`])
  try {
    await build({
      absWorkingDir: root,
      entryPoints: entries.map((name) => ({ in: `src/${name}.ts`, out: name })),
      outdir: 'dist',
      bundle: true,
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      banner: { js: requireOfNode },
      external,
      plugins: [zodInEnglish],
      sourcemap: true,
      logLevel: 'error',
    })
  } catch {
    fail('esbuild ended with the errors above')
  }
  // A migration that has another name now must not be applied beside itself.
  rmSync(join(dist, 'database/migrations'), { recursive: true, force: true })
  cpSync(join(root, 'src/database'), join(dist, 'database'), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || path.endsWith('.sql'),
  })
}

/** Vite reads "#", "?" and "%" in a path as parts of an address: it is given the sources by another name. */
function buildPage() {
  const place = mkdtempSync(join(tmpdir(), 'harvester-build-'))
  try {
    let from = root
    if (/[#?%]/.test(root)) {
      from = join(place, 'sources')
      symlinkSync(root, from, 'junction')
    }
    const config = join(from, page, 'vite.config.ts')
    run('node_modules/vite/bin/vite.js', 'build', join(from, page), '--config', config, '--logLevel', 'warn')
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** What the embedded database starts from: empty tables, and PostGIS without what we do not use. It outlives what else is in dist/. */
async function makeEngineFiles() {
  try {
    const module = await import(pathToFileURL(join(dist, 'database/make-template.js')).href)
    await module.makeEngineFiles()
  } catch (error) {
    console.error(
      `There is no template of the embedded database, whose start takes longer and more memory: ${error.message}`,
    )
  }
}

/** A container's last stage, or a package, brings a dist/ of its own: no compiler, or no sources. */
function goOnWithout(what) {
  if (existsSync(join(dist, 'cli.js'))) process.exit(0)
  fail(`${what}, and there is no dist/ from elsewhere; run \`npm ci\` without --omit=dev in a whole checkout`)
}

if (!existsSync(join(root, 'src/cli.ts'))) goOnWithout('there is no src/')
const programStamp = join(dist, '.program')
const stamp = join(dist, '.built')
const program = fingerprint(page)
const whole = fingerprint()
const programOnly = process.argv.includes('--program')

if (isMade(...(programOnly ? [programStamp, 'cli.js', program] : [stamp, 'web/index.html', whole])))
  process.exit(0)
if (!existsSync(join(root, 'node_modules/typescript'))) goOnWithout('the compiler is not installed')

if (programOnly) {
  rmSync(programStamp, { force: true })
  rmSync(join(dist, 'chunks'), { recursive: true, force: true })
  await compile()
} else {
  for (const name of existsSync(dist) ? readdirSync(dist) : [])
    if (!name.startsWith('engine-')) rmSync(join(dist, name), { recursive: true })
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
  await compile()
  buildPage()
}
for (const made of programOnly ? ['cli.js'] : ['cli.js', 'web/index.html'])
  if (!existsSync(join(dist, made))) fail(`dist/${made} was not made`)
await makeEngineFiles()
writeFileSync(programStamp, program)
if (!programOnly) writeFileSync(stamp, whole)
