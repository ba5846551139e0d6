import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Paths of the API of a Prefect server, in quotes as they are asked for. */
const paths =
  /['"`/]\/?(flow_runs|flow_run_states|task_runs|task_run_states|deployments|flows|work_pools|artifacts|logs|variables|automations|concurrency_limits|block_types|block_schemas|block_documents|block_capabilities|events|csrf-token|admin|v2|collections)\/(filter|name|slug|in\b|out\b|version|settings|latest|concurrency_limits|\{|\$\{)|\/set_state|\/create_flow_run|\/get_scheduled_flow_runs/

/** Names that only a Prefect server and its clients use. */
const words =
  /\b(work_pools?|work_queues?|work_pool_name|work_queue_name|set_state|csrf-token|block_(types?|documents?|schemas?)|parameter_openapi_schema|enforce_parameter_schema|expected_start_time|next_scheduled_start_time|empirical_policy|infrastructure_pid|auto_scheduled|job_variables|pull_steps|base_job_template|collision_strategy|global_concurrency_limit|AwaitingConcurrencySlot|openapi-fetch)\b|prefect\.(flow|flow-run|worker|task-run|resource|artifact|deployment)\b|\/flow-run\/|any_:|all_:|before_:|after_:/

/** Who may speak of them beside `runs/prefect/`, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'src/config/deployments-file.ts':
    "config/deployments.yaml is written in the words of Prefect's own prefect.yaml",
  'src/runs/states.ts': 'the names of states are shown in both user interfaces, and are the same',
}

/** Where values of both halves are had. */
const doors = new Set(['src/runs/index.ts', 'src/runs/orchestrators.ts', 'src/runs/orchestrator-kind.ts'])

/** Makes and holds the Prefect half, which everybody else sees as a port. */
const composers = new Set(['src/cli/deploy.ts', 'src/cli/deploy-alerts.ts', 'src/runs/index.ts'])

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ file: `src/${name}`, text: readFileSync(join(root, 'src', name), 'utf8') }))
const outside = files.filter(({ file }) => !file.startsWith('src/runs/prefect/'))

const found = (pattern: RegExp, allowed: (file: string) => boolean) =>
  outside
    .filter(({ file }) => !allowed(file))
    .flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    )

test('no path of the API of Prefect is named outside runs/prefect', () => {
  expect(found(paths, () => false)).toEqual([])
})

test('no name of Prefect is used outside runs/prefect, but for reasons', () => {
  expect(found(words, (file) => file in exceptions)).toEqual([])
})

test('every exception is still one', () => {
  expect(
    Object.keys(exceptions).filter((file) => !files.some((one) => one.file === file && words.test(one.text))),
  ).toEqual([])
})

test('the words are those that the Prefect half is full of', () => {
  const inside = files.filter(
    ({ file }) => file.startsWith('src/runs/prefect/') && !file.includes('generated'),
  )
  expect(inside.filter(({ text }) => paths.test(text)).length).toBeGreaterThan(5)
  expect(inside.filter(({ text }) => words.test(text)).length).toBeGreaterThan(5)
})

test('the halves are reached through the door of runs, and the Prefect half is made in few places', () => {
  const past = /from '(\.\.?\/)+(runs\/)?(prefect|standalone)\//
  expect(found(past, (file) => file.startsWith('src/runs/standalone/') || doors.has(file))).toEqual([])
  expect(found(/createPrefectBackend|PrefectBackend\b/, (file) => composers.has(file))).toEqual([])
})

test('what operates runs knows neither half', () => {
  const operating = outside.filter(({ file }) => /^src\/(operate|serve)\//.test(file))
  const named =
    /\b(prefect(Orchestrator|Queue|Settings|Limits|Client)|local(Orchestrator|Queue|Limits)|createLocalBackend|databaseRunStore)\b/
  expect(operating.filter(({ text }) => named.test(text)).map(({ file }) => relative('', file))).toEqual([])
})
