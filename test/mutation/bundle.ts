/** Tests with all that they import in one text each, with all mutants of some sources in them. */
import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from '../support/program.ts'
import { type Mutant, withMutants } from './mutants.ts'

export interface Bundle {
  test: string
  code: string
  /** How many imports lie between the test and a file that it comes to. */
  steps: ReadonlyMap<string, number>
}

export async function bundle(
  tests: readonly string[],
  mutated: (file: string) => boolean,
): Promise<{ bundles: Bundle[]; mutants: Mutant[] }> {
  const mutants: Mutant[] = []
  const written = new Map<string, string>()
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...tests],
    outdir: 'out',
    outbase: '.',
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        name: 'mutants',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const file = relative(root, path).replaceAll('\\', '/')
            const made = written.get(file)
            if (made !== undefined) return { contents: made, loader: 'ts' }
            const code = readFileSync(path, 'utf8')
              .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
              .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
            const contents = mutated(file) ? withMutants(file, code, mutants) : code
            written.set(file, contents)
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  const bundles = tests.map((test) => {
    const name = test.replace(/\.ts$/, '.js')
    const output = outputFiles.find(
      ({ path }) => relative(root, path).replaceAll('\\', '/') === `out/${name}`,
    )
    if (!output) throw new Error(`${test} was not bundled`)
    const steps = new Map([[test, 0]])
    for (const [at, step] of steps)
      for (const { path, external } of metafile.inputs[at]?.imports ?? [])
        if (!external && !steps.has(path)) steps.set(path, step + 1)
    return { test, code: output.text, steps }
  })
  return { bundles, mutants }
}
