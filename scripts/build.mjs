// Compiles src/ to dist/, copies what the compiler does not, and builds the dashboard page.
// Nothing is done when dist/ is newer than every source, so that `npm start` is quick the second time.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const stamp = join(root, 'dist', '.built')

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

const inputs = ['src', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'].map(
  (name) => join(root, name),
)
if (existsSync(stamp) && !process.argv.includes('--force')) {
  const built = statSync(stamp).mtimeMs
  if (inputs.every((path) => newest(path) < built)) process.exit(0)
}

// `npm ci --omit=dev` (the container's last stage) brings a dist/ of its own and no compiler.
if (!existsSync(join(root, 'node_modules/typescript'))) process.exit(0)

const run = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
rmSync(join(root, 'dist'), { recursive: true, force: true })
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
cpSync(join(root, 'src/database'), join(root, 'dist/database'), {
  recursive: true,
  filter: (path) => statSync(path).isDirectory() || path.endsWith('.sql'),
})
if (existsSync(join(root, 'src/web/index.html'))) {
  run('node_modules/vite/bin/vite.js', 'build', '--config', 'src/web/vite.config.ts', '--logLevel', 'warn')
}
writeFileSync(stamp, new Date().toISOString())
