/** What a suite has seen refused is held against `config check`, which judges what a worker would be told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { judge } from '../../src/app/judge.ts'

/** What a worker is given. */
export interface Given {
  env?: Readonly<Record<string, string | undefined>>
  /** Text of harvest.yaml; one source where it is not told. */
  harvest?: string
  /** Text of deployments.yaml. */
  deployments?: string
}

const usable = {
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none?sslmode=disable',
  HARVEST_CONFIG_YAML: 'erddap_urls: [https://erddap.example.org/erddap]',
}

/**
 * Every configuration that is added is judged once the tests of the file have run: `config check` must refuse it, with
 * an exit code of wrong usage and a remedy, and name what `says` names.
 */
export function checkRefuses(): (given: Given, says: string) => void {
  const refused: { given: Given; says: string }[] = []
  afterAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'check-refuses-'))
    try {
      for (const [at, { given, says }] of refused.entries()) {
        const file = join(folder, `${at}.yaml`)
        if (given.deployments !== undefined) writeFileSync(file, given.deployments)
        const env = {
          ...usable,
          ...(given.harvest !== undefined && { HARVEST_CONFIG_YAML: given.harvest }),
          ...(given.deployments !== undefined && { HARVEST_DEPLOYMENTS_FILE: file }),
          ...given.env,
        }
        const { plan, faults } = await judge({ work: true, env })
        const told = faults.map(({ message }) => message).join('\n')
        expect(plan, `config check takes ${JSON.stringify(given)}, which is refused: ${says}`).toBeNull()
        expect(told).toContain(says)
        for (const { exitCode } of faults) expect(exitCode).toBe(2)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  return (given, says) => void refused.push({ given, says })
}
