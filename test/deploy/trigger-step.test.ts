import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { root } from '../support/program.ts'

const page = readFileSync(join(root, 'docs/deployment.md'), 'utf8')
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text]) => parse(text!) as Record<string, unknown>,
)
interface Job {
  needs: string[]
  script?: string[]
  steps?: { run?: string; env?: Record<string, string> }[]
}
const jobs = blocks.flatMap((block) => ('harvest' in block ? [block.harvest as Job] : []))

describe('the step of a deploy that starts a harvest', () => {
  it('is given for GitHub Actions and GitLab CI, after deploy and health checks, and runs the script that is there', () => {
    expect(jobs).toHaveLength(2)
    for (const job of jobs) {
      expect(job.needs).toEqual(['deploy', 'health'])
      const commands = job.script ?? job.steps?.flatMap(({ run }) => run ?? []) ?? []
      expect(commands).toEqual(['npm ci', 'scripts/trigger-after-deploy.sh'])
    }
  })

  it.each([
    ['a server that is not there', { PREFECT_API_URL: 'http://127.0.0.1:9/api' }, 1, /harvester: .*\n {2}\S/],
    [
      'an address that is none',
      { PREFECT_API_URL: 'prefect' },
      2,
      /PREFECT_API_URL \("prefect"\): must be a whole URL/,
    ],
    ['no address', {}, 2, /Set PREFECT_API_URL to the API of the Prefect server/],
  ])(
    'fails with a sentence for %s',
    (_, env, code, said) => {
      const ended = spawnSync(join(root, 'scripts/trigger-after-deploy.sh'), {
        env: { PATH: process.env.PATH, TRIGGER_TIMEOUT_SECONDS: '1', ...env },
        encoding: 'utf8',
      })
      expect(ended.stderr).toMatch(said)
      expect(ended.status).toBe(code)
    },
    60_000,
  )
})
