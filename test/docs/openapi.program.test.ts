import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
/** The linter asks nobody, and says nothing to anybody. */
const quiet = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

interface Operation {
  operationId?: string
  security?: unknown[]
  responses: Record<string, unknown>
}

test('the description of the API pleases a public linter, and names every operation', async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', join(root, 'scripts/openapi.ts')], {
    cwd: root,
    maxBuffer: 1e8,
  })
  const document = JSON.parse(stdout) as {
    paths: Record<string, Record<string, Operation>>
    components: { securitySchemes: Record<string, unknown> }
  }
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  const ids = operations.map(({ operationId }) => operationId)
  expect(ids).not.toContain(undefined)
  expect(new Set(ids).size).toBe(ids.length)
  for (const operation of operations) {
    expect(operation.security).toBeDefined()
    expect(Object.keys(operation.responses)).toContain('400')
  }
  expect(document.components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } })

  const folder = await mkdtemp(join(tmpdir(), 'openapi-'))
  try {
    const file = join(folder, 'openapi.json')
    await writeFile(file, stdout)
    const linted = await run(
      process.execPath,
      [join(root, 'node_modules/@redocly/cli/bin/cli.js'), 'lint', file, '--format=json'],
      { cwd: folder, env: quiet, maxBuffer: 1e8 },
    )
    const { problems } = JSON.parse(linted.stdout.slice(linted.stdout.indexOf('{'))) as {
      problems: { ruleId: string; message: string }[]
    }
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 240_000)
