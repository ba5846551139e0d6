import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'

/**
 * The routes of a Prefect server that the product uses, in memory, with the rules of the states that matter: who may
 * claim, when a failure is retried, what a cancellation allows. The service tests hold the real server against the
 * same scenarios.
 */
export interface FakePrefect {
  readonly apiUrl: string
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: unknown }[]
  readonly runs: Map<string, FakeRun>
  readonly taskRuns: Map<string, FakeTask>
  readonly logs: { id?: string; flow_run_id: string; message: string; timestamp: string }[]
  readonly artifacts: { id: string; flow_run_id: string; key: string | null; type: string; data: unknown }[]
  /**
   * Answers the next requests whose path contains the text with this, breaks the connection, or loses the answer of
   * what it has done, gives that answer late, or another one in its stead.
   * @param body what those requests say. @default anything
   */
  fail(path: string, answer: Failure, times?: number, body?: RegExp): void
  close(): Promise<void>
}

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export type Failure = Answer | 'break' | 'lose' | { laterMs: number } | { instead: Answer }

type Json = Record<string, unknown>

interface FakeState {
  id: string
  type: string
  name: string
  message: string | null
  timestamp: string
  state_details: Json
}

interface FakeRun {
  id: string
  name: string
  flow_id: string
  deployment_id: string | null
  parameters: Json
  tags: string[]
  labels: Json
  empirical_policy: { retries?: number | null; retry_delay?: number | null; retry_type?: string | null }
  idempotency_key: string | null
  parent_task_run_id: string | null
  run_count: number
  state: FakeState
  next_scheduled_start_time: string | null
  created: string
  expected_start_time: string
  start_time: string | null
  end_time: string | null
}

interface FakeTask {
  id: string
  flow_run_id: string
  name: string
  state: { type: string; name: string }
  run_count: number
  task_inputs: Record<string, { id: string }[]>
}

const finals = new Set(['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'])
const unclaimable = new Set(['PENDING', 'RUNNING', 'CANCELLING', 'CANCELLED'])

export async function startFakePrefect(
  options: {
    authString?: string
    csrf?: boolean
    prefix?: string
    version?: string
    /** How it orders what has no end. @default 'postgresql' */
    database?: 'postgresql' | 'sqlite'
    /** The most rows of an answer; it refuses to be asked for more. @default 200 */
    mostRows?: number
  } = {},
): Promise<FakePrefect> {
  const prefix = options.prefix ?? '/api'
  const mostRows = options.mostRows ?? 200
  const pageOf = <T>(items: readonly T[], { offset, limit }: Json): T[] =>
    items.slice(Number(offset ?? 0), Number(offset ?? 0) + Number(limit ?? mostRows))
  const flows = new Map<string, { id: string; name: string }>()
  const deployments = new Map<string, Json & { id: string; name: string; flow_id: string; tags: string[] }>()
  const pools = new Map<string, Json & { name: string }>()
  const automations: Json[] = []
  const workers = new Map<string, Date>()
  const variables = new Map<string, Json>()
  const limits = new Map<string, { limit: number; held: Set<string> }>()
  const runs = new Map<string, FakeRun>()
  const taskRuns = new Map<string, FakeTask>()
  const logs: FakePrefect['logs'] = []
  const artifacts: FakePrefect['artifacts'] = []
  const requests: FakePrefect['requests'] = []
  const failures: { path: string; answer: Failure; left: number; body?: RegExp | undefined }[] = []
  const csrfTokens = new Set<string>()

  const newState = (wanted: Json): FakeState => ({
    id: randomUUID(),
    type: String(wanted.type),
    name: String(wanted.name ?? titled(String(wanted.type))),
    message: (wanted.message as string | null) ?? null,
    timestamp: new Date().toISOString(),
    state_details: (wanted.state_details as Json) ?? {},
  })
  const put = (run: FakeRun, state: FakeState) => {
    run.state = state
    const due = state.state_details.scheduled_time as string | undefined
    run.next_scheduled_start_time = state.type === 'SCHEDULED' ? (due ?? state.timestamp) : null
    if (state.type === 'RUNNING') {
      run.run_count++
      run.start_time ??= state.timestamp
    }
    run.end_time = finals.has(state.type) ? state.timestamp : null
  }
  const answerOf = (status: string, state: FakeState, details: Json = {}): Answer => ({
    status: status === 'ACCEPT' ? 201 : 200,
    body: { status, state, details: { type: `${status.toLowerCase()}_details`, ...details } },
  })

  const setState = (run: FakeRun, body: Json): Answer => {
    const wanted = newState(body.state as Json)
    const transition = wanted.state_details.transition_id as string | undefined
    // Only the state that it is in is compared: one that came in between is not known.
    if (transition && run.state.state_details.transition_id === transition)
      return answerOf('REJECT', run.state, { reason: 'This run has already made this state transition.' })
    const accept = (): Answer => {
      if (finals.has(run.state.type) && !finals.has(wanted.type) && !body.force)
        run.empirical_policy.retry_type = wanted.type === 'SCHEDULED' ? 'reschedule' : null
      put(run, wanted)
      return answerOf('ACCEPT', run.state)
    }
    if (body.force) return accept()
    const from = run.state.type
    if (wanted.type === 'PENDING' && unclaimable.has(from))
      return answerOf('ABORT', run.state, {
        reason: `This run is in a ${from} state and cannot transition to a PENDING state.`,
      })
    // Nothing else guards the end: a run that has ended can be claimed, started and ended again.
    if (finals.has(from) && ['CRASHED', 'CANCELLING', 'PAUSED'].includes(wanted.type))
      return answerOf('ABORT', run.state, { reason: `Run is already in terminal state ${from}.` })
    if (from === 'CANCELLING' && wanted.type !== 'CANCELLED')
      return answerOf('REJECT', run.state, { reason: 'This run is cancelling.' })
    if (wanted.type === 'CANCELLING' && from === 'SCHEDULED') {
      put(run, newState({ type: 'CANCELLED' }))
      return answerOf('REJECT', run.state, { reason: 'no infrastructure' })
    }
    if (wanted.type === 'FAILED' && run.run_count <= (run.empirical_policy.retries ?? 0)) {
      const delay = (run.empirical_policy.retry_delay ?? 0) * 1000
      const at = new Date(Date.now() + delay).toISOString()
      put(run, newState({ type: 'SCHEDULED', name: 'AwaitingRetry', state_details: { scheduled_time: at } }))
      run.empirical_policy.retry_type = 'in_process' // hidden from pollers
      return answerOf('REJECT', run.state, { reason: 'Retrying' })
    }
    if (wanted.type === 'RUNNING') {
      const due = Date.parse((run.state.state_details.scheduled_time as string | undefined) ?? '') || 0
      const wait = due - Date.now()
      if (wait > 0) return answerOf('WAIT', run.state, { delay_seconds: Math.ceil(wait / 1000) })
    }
    return accept()
  }

  const createRun = (body: Json, more: Partial<FakeRun> & { flow_id: string }): Answer => {
    const key = (body.idempotency_key as string | undefined) ?? null
    for (const known of runs.values())
      if (key !== null && known.idempotency_key === key && known.flow_id === more.flow_id)
        return { status: 200, body: known }
    const run: FakeRun = {
      id: randomUUID(),
      name: (body.name as string | undefined) ?? 'bold-bat',
      deployment_id: null,
      parameters: (body.parameters as Json) ?? {},
      tags: (body.tags as string[]) ?? [],
      labels: {},
      empirical_policy: {},
      idempotency_key: key,
      parent_task_run_id: (body.parent_task_run_id as string | undefined) ?? null,
      run_count: 0,
      state: newState({ type: 'SCHEDULED' }),
      next_scheduled_start_time: null,
      created: new Date().toISOString(),
      expected_start_time: new Date().toISOString(),
      start_time: null,
      end_time: null,
      ...more,
    }
    put(run, newState((body.state as Json | undefined) ?? { type: 'SCHEDULED' }))
    runs.set(run.id, run)
    return { status: 201, body: run }
  }

  const takeEvent = (event: Json) => {
    const resource = event.resource as Record<string, string>
    const id = resource['prefect.resource.id']?.replace('prefect.task-run.', '')
    if (!String(event.event).startsWith('prefect.task-run') || !id) return
    const payload = event.payload as { task_run: Json; validated_state: { type: string; name: string } }
    const flowRun = (event.related as Record<string, string>[]).find(
      (item) => item['prefect.resource.role'] === 'flow-run',
    )
    taskRuns.set(id, {
      ...(payload.task_run as unknown as FakeTask),
      id,
      flow_run_id: flowRun?.['prefect.resource.id']?.replace('prefect.flow-run.', '') ?? '',
      state: payload.validated_state,
    })
  }

  const matches = (run: FakeRun, filter: Json): boolean => {
    const part = (filter.flow_runs ?? {}) as Json
    const any = (key: string) => (part[key] as { any_?: string[] } | undefined)?.any_
    const types = ((part.state as Json | undefined)?.type as { any_?: string[] } | undefined)?.any_
    const orNames = ((part.state as Json | undefined)?.name as { any_?: string[] } | undefined)?.any_ ?? []
    const ids = any('id')
    const ofDeployments = any('deployment_id')
    const names = (of: string) => (filter[of] as { name?: { any_: string[] } } | undefined)?.name?.any_
    const pool = String(deployments.get(run.deployment_id ?? '')?.work_pool_name)
    const due = (part.next_scheduled_start_time as { before_?: string } | undefined)?.before_
    const key = any('idempotency_key')
    const tags = (part.tags as { all_?: string[] } | undefined)?.all_
    const endless = (part.end_time as { is_null_?: boolean } | undefined)?.is_null_
    const planned = (part.expected_start_time as { before_?: string } | undefined)?.before_
    const ofTags = (filter.deployments as { tags?: { all_: string[] } } | undefined)?.tags?.all_
    const deployment = deployments.get(run.deployment_id ?? '')
    return (
      (!names('deployments') || names('deployments')?.includes(deployment?.name ?? '') === true) &&
      (!ofTags || ofTags.every((tag) => deployment?.tags.includes(tag))) &&
      (!planned || run.expected_start_time <= planned) &&
      (endless === undefined || endless === (run.end_time === null)) &&
      (!names('work_pools') || names('work_pools')?.includes(pool) === true) &&
      (!names('flows') || names('flows')?.includes(flows.get(run.flow_id)?.name ?? '') === true) &&
      (!due || (run.next_scheduled_start_time ?? '9') <= due) &&
      (!key || key.includes(run.idempotency_key ?? '')) &&
      (!tags || tags.every((tag) => run.tags.includes(tag))) &&
      (!ids || ids.includes(run.id)) &&
      (!types || types.includes(run.state.type) || orNames.includes(run.state.name)) &&
      (!ofDeployments || ofDeployments.includes(run.deployment_id ?? ''))
    )
  }

  const routes: [method: string, pattern: RegExp, handle: (body: Json, match: string[]) => Answer][] = [
    ['GET', /^\/health$/, () => ok(true)],
    ['GET', /^\/admin\/version$/, () => ok(options.version ?? '3.8.8')],
    [
      'POST',
      /^\/flows\/$/,
      ({ name }) => {
        const known = [...flows.values()].find((flow) => flow.name === name)
        const flow = known ?? { id: randomUUID(), name: String(name) }
        flows.set(flow.id, flow)
        return { status: known ? 200 : 201, body: flow }
      },
    ],
    ['GET', /^\/flows\/([^/]+)$/, (_, [id]) => found(flows.get(id as string))],
    [
      'POST',
      /^\/deployments\/$/,
      (body) => {
        const known = [...deployments.values()].find(
          (item) => item.name === body.name && item.flow_id === body.flow_id,
        )
        const limit = body.concurrency_limit as number | null
        const item = {
          ...known,
          ...body,
          id: known?.id ?? randomUUID(),
          global_concurrency_limit: limit === null ? null : { limit },
        } as unknown as Json & { id: string; name: string; flow_id: string; tags: string[] }
        deployments.set(item.id, item)
        return { status: known ? 200 : 201, body: item }
      },
    ],
    [
      'GET',
      /^\/deployments\/name\/([^/]+)\/([^/]+)$/,
      (_, [flow, name]) =>
        found(
          [...deployments.values()].find(
            (item) => item.name === name && flows.get(item.flow_id)?.name === flow,
          ),
        ),
    ],
    [
      'POST',
      /^\/deployments\/filter$/,
      (body) => {
        const filter = (body.deployments ?? {}) as { name?: { any_: string[] }; tags?: { all_: string[] } }
        const found = [...deployments.values()].filter(
          (item) =>
            (!filter.name || filter.name.any_.includes(item.name)) &&
            (!filter.tags || filter.tags.all_.every((tag) => item.tags.includes(tag))),
        )
        return ok(pageOf(found, body))
      },
    ],
    ['GET', /^\/deployments\/([^/]+)$/, (_, [id]) => found(deployments.get(id as string))],
    [
      'PATCH',
      /^\/deployments\/([^/]+)$/,
      (body, [id]) => {
        Object.assign(deployments.get(id as string) ?? {}, body)
        return { status: 204 }
      },
    ],
    [
      'DELETE',
      /^\/deployments\/([^/]+)$/,
      (_, [id]) => ({ status: deployments.delete(id as string) ? 204 : 404 }),
    ],
    [
      'POST',
      /^\/deployments\/([^/]+)\/create_flow_run$/,
      (body, [id]) => {
        const deployment = deployments.get(id as string)
        if (!deployment) return { status: 404, body: { detail: 'Deployment not found' } }
        const schema = deployment.parameter_openapi_schema as {
          properties?: Record<string, { type?: string }>
        }
        const parameters = { ...(deployment.parameters as Json), ...(body.parameters as Json) }
        for (const [name, { type }] of Object.entries(schema.properties ?? {}))
          if (type === 'integer' && parameters[name] !== undefined && !Number.isInteger(parameters[name]))
            return {
              status: 409,
              body: {
                detail: `Error creating flow run: Validation failed for field '${name}'. Failure reason: '${String(parameters[name])}' is not of type 'integer'`,
              },
            }
        return createRun(body, {
          flow_id: deployment.flow_id,
          deployment_id: deployment.id,
          parameters,
          tags: [...deployment.tags, ...((body.tags as string[]) ?? [])],
        })
      },
    ],
    ['GET', /^\/work_pools\/([^/]+)$/, (_, [name]) => found(pools.get(name as string))],
    [
      'DELETE',
      /^\/work_pools\/([^/]+)$/,
      (_, [name]) => {
        for (const item of deployments.values()) if (item.work_pool_name === name) item.work_pool_name = null
        return { status: pools.delete(name as string) ? 204 : 404 }
      },
    ],
    [
      'POST',
      /^\/work_pools\/$/,
      (body) => {
        if (pools.has(body.name as string)) return { status: 409, body: { detail: 'exists' } }
        pools.set(body.name as string, body as Json & { name: string })
        return { status: 201, body }
      },
    ],
    [
      'POST',
      /^\/work_pools\/[^/]+\/queues\/filter$/,
      () => ok([{ id: 'q', name: 'default', priority: 1, concurrency_limit: null, is_paused: false }]),
    ],
    [
      'POST',
      /^\/work_pools\/([^/]+)\/workers\/heartbeat$/,
      ({ name }, [pool]) => {
        workers.set(`${pool} ${String(name)}`, new Date())
        return { status: 204 }
      },
    ],
    [
      'POST',
      /^\/work_pools\/([^/]+)\/workers\/filter$/,
      (_, [pool]) =>
        ok(
          [...workers].flatMap(([key, at]) =>
            key.startsWith(`${pool} `)
              ? [{ name: key.slice(`${pool} `.length), status: 'ONLINE', last_heartbeat_time: at }]
              : [],
          ),
        ),
    ],
    [
      'DELETE',
      /^\/work_pools\/([^/]+)\/workers\/([^/]+)$/,
      (_, [pool, name]) => ({ status: workers.delete(`${pool} ${name}`) ? 204 : 404 }),
    ],
    [
      'POST',
      /^\/variables\/$/,
      (body) => {
        // As 3.2 says; newer servers take hyphens too.
        if (!/^[a-z0-9_]+$/.test(String(body.name)))
          return { status: 422, body: { detail: 'Variable name must only contain lowercase letters' } }
        if (variables.has(String(body.name))) return { status: 409, body: { detail: 'exists' } }
        variables.set(String(body.name), { ...body, updated: new Date().toISOString() })
        return { status: 201, body }
      },
    ],
    ['POST', /^\/variables\/filter$/, (body) => ok(pageOf([...variables.values()], body))],
    ['GET', /^\/variables\/name\/([^/]+)$/, (_, [name]) => found(variables.get(name as string))],
    [
      'PATCH',
      /^\/variables\/name\/([^/]+)$/,
      (body, [name]) => {
        const known = variables.get(name as string)
        if (!known) return { status: 404, body: { detail: 'not found' } }
        Object.assign(known, body, { updated: new Date().toISOString() })
        return { status: 204 }
      },
    ],
    [
      'DELETE',
      /^\/variables\/name\/([^/]+)$/,
      (_, [name]) => ({ status: variables.delete(name as string) ? 204 : 404 }),
    ],
    [
      'POST',
      /^\/work_pools\/([^/]+)\/get_scheduled_flow_runs$/,
      (body, [pool]) =>
        ok(
          [...runs.values()]
            .filter(
              (run) =>
                run.empirical_policy.retry_type !== 'in_process' &&
                run.next_scheduled_start_time !== null &&
                run.next_scheduled_start_time <= String(body.scheduled_before) &&
                deployments.get(run.deployment_id ?? '')?.work_pool_name === pool,
            )
            .slice(0, body.limit as number)
            .map((run) => ({ work_pool_id: 'p', work_queue_id: 'q', flow_run: run })),
        ),
    ],
    ['POST', /^\/flow_runs\/$/, (body) => createRun(body, { flow_id: String(body.flow_id) })],
    [
      'POST',
      /^\/flow_runs\/filter$/,
      (body) => {
        const matching = [...runs.values()].filter((run) => matches(run, body))
        if (/DESC$/.test(String(body.sort))) matching.reverse()
        if (body.sort === 'END_TIME_DESC') {
          const missing = options.database === 'sqlite' ? '0' : '9'
          matching.sort((a, b) => (b.end_time ?? missing).localeCompare(a.end_time ?? missing))
        }
        return ok(pageOf(matching, body))
      },
    ],
    [
      'POST',
      /^\/flow_runs\/([^/]+)\/resume$/,
      (_, [id]) => {
        const run = runs.get(id as string)
        if (run?.state.type !== 'PAUSED') return { status: 200, body: { status: 'ABORT', details: {} } }
        // One that keeps its process is taken to be at work again.
        const type = run.state.state_details.pause_reschedule === true ? 'SCHEDULED' : 'RUNNING'
        put(run, newState({ type, name: type === 'SCHEDULED' ? 'Resuming' : 'Running' }))
        return answerOf('ACCEPT', run.state)
      },
    ],
    ['DELETE', /^\/flow_runs\/([^/]+)$/, (_, [id]) => ({ status: runs.delete(id as string) ? 204 : 404 })],
    ['GET', /^\/flow_runs\/([^/]+)$/, (_, [id]) => found(runs.get(id as string))],
    [
      'PATCH',
      /^\/flow_runs\/([^/]+)$/,
      (body, [id]) => {
        Object.assign(runs.get(id as string) ?? {}, body)
        return { status: 204 }
      },
    ],
    [
      'PATCH',
      /^\/flow_runs\/([^/]+)\/labels$/,
      (body, [id]) => {
        Object.assign(runs.get(id as string)?.labels ?? {}, body)
        return { status: 204 }
      },
    ],
    [
      'POST',
      /^\/flow_runs\/([^/]+)\/set_state$/,
      (body, [id]) => {
        const run = runs.get(id as string)
        return run ? setState(run, body) : { status: 404, body: { detail: 'Flow run not found' } }
      },
    ],
    [
      'POST',
      /^\/task_runs\/$/,
      (body) => {
        const task = { ...body, id: randomUUID(), run_count: 0 } as unknown as FakeTask
        taskRuns.set(task.id, task)
        return { status: 201, body: task }
      },
    ],
    [
      'POST',
      /^\/logs\/$/,
      (body) => {
        for (const line of body as unknown as FakePrefect['logs']) logs.push({ ...line, id: randomUUID() })
        return { status: 201 }
      },
    ],
    [
      'POST',
      /^\/logs\/filter$/,
      (body) => {
        const filter = body.logs as { flow_run_id: { any_: string[] }; timestamp?: { after_: string } }
        const found = logs
          .filter(({ flow_run_id: id }) => filter.flow_run_id.any_.includes(id))
          .filter(({ timestamp }) => timestamp >= (filter.timestamp?.after_ ?? ''))
        if (body.sort === 'TIMESTAMP_DESC') found.reverse()
        return ok(pageOf(found, body))
      },
    ],
    [
      'POST',
      /^\/task_runs\/filter$/,
      (body) => {
        const { any_: ids } = (body.flow_runs as { id: { any_: string[] } }).id
        const wanted = (body.task_runs as { state?: { type: { any_: string[] } } } | undefined)?.state?.type
        const found = [...taskRuns.values()]
          .filter((item) => ids.includes(item.flow_run_id))
          .filter((item) => !wanted || wanted.any_.includes(item.state.type))
        return ok(pageOf(found, body))
      },
    ],
    [
      'POST',
      /^\/artifacts\/filter$/,
      (body) => {
        const filter = body.artifacts as { flow_run_id: { any_: string[] }; type?: { any_: string[] } }
        const found = artifacts
          .filter((item) => filter.flow_run_id.any_.includes(item.flow_run_id))
          .filter((item) => !filter.type || filter.type.any_.includes(item.type))
        return ok(pageOf(found.reverse(), body))
      },
    ],
    [
      'POST',
      /^\/artifacts\/$/,
      (body) => {
        const artifact = { ...body, id: randomUUID() } as unknown as FakePrefect['artifacts'][number]
        artifacts.push(artifact)
        return { status: 201, body: artifact }
      },
    ],
    [
      'PATCH',
      /^\/artifacts\/([^/]+)$/,
      (body, [id]) => {
        Object.assign(artifacts.find((item) => item.id === id) ?? {}, body)
        return { status: 204 }
      },
    ],
    [
      'POST',
      /^\/events$/,
      (body) => {
        for (const event of body as unknown as Json[]) takeEvent(event)
        return { status: 204 }
      },
    ],
    [
      'GET',
      /^\/v2\/concurrency_limits\/([^/]+)$/,
      (_, [name]) => {
        const limit = limits.get(name as string)
        return found(limit && { name, limit: limit.limit, active_slots: limit.held.size })
      },
    ],
    [
      'PATCH',
      /^\/v2\/concurrency_limits\/([^/]+)$/,
      (body, [name]) => {
        const known = limits.get(name as string)
        if (known && typeof body.limit === 'number') known.limit = body.limit
        return { status: known ? 204 : 404 }
      },
    ],
    [
      'POST',
      /^\/concurrency_limits\/$/,
      (body) => {
        limits.set(`tag:${String(body.tag)}`, { limit: Number(body.concurrency_limit), held: new Set() })
        return ok({})
      },
    ],
    [
      'POST',
      /^\/v2\/concurrency_limits\/increment-with-lease$/,
      (body) => {
        const wanted = (body.names as string[]).flatMap((name) => limits.get(name) ?? [])
        if (wanted.some((limit) => limit.held.size >= limit.limit))
          return { status: 423, body: { detail: 'Locked' }, headers: { 'retry-after': '0.01' } }
        const id = randomUUID()
        for (const limit of wanted) limit.held.add(id)
        const names = (body.names as string[]).filter((name) => limits.has(name))
        return ok({ lease_id: id, limits: wanted.map(({ limit }, n) => ({ name: names[n], limit })) })
      },
    ],
    ['POST', /^\/v2\/concurrency_limits\/leases\/[^/]+\/renew$/, () => ({ status: 204 })],
    [
      'POST',
      /^\/v2\/concurrency_limits\/decrement-with-lease$/,
      (body) => {
        for (const limit of limits.values()) limit.held.delete(String(body.lease_id))
        return { status: 204 }
      },
    ],
    ['POST', /^\/automations\/filter$/, () => ok(automations)],
    [
      'POST',
      /^\/automations\/$/,
      (body) => {
        automations.push(body)
        return { status: 201, body }
      },
    ],
  ]

  const handle = (method: string, url: URL, headers: IncomingMessage['headers'], body: Json): Answer => {
    if (!url.pathname.startsWith(`${prefix}/`))
      return {
        status: 200,
        body: '<!doctype html><title>Prefect</title>',
        headers: { 'content-type': 'text/html' },
      }
    const path = decodeURIComponent(url.pathname.slice(prefix.length))
    requests.push({ method, path, headers, body })
    if (options.authString) {
      const expected = `Basic ${Buffer.from(options.authString).toString('base64')}`
      if (headers.authorization !== expected)
        return { status: 401, body: { exception_message: 'Unauthorized' } }
    }
    if (path === '/csrf-token') {
      if (!options.csrf) return { status: 422, body: { detail: 'CSRF protection is disabled.' } }
      const token = randomUUID()
      csrfTokens.add(token)
      return ok({ token, client: url.searchParams.get('client'), expiration: '2100-01-01T00:00:00Z' })
    }
    if (options.csrf && method !== 'GET' && !csrfTokens.delete(String(headers['prefect-csrf-token'])))
      return { status: 403, body: { detail: 'Invalid CSRF token or client identifier.' } }
    if (Number(body.limit ?? 0) > mostRows)
      return {
        status: 422,
        body: { detail: `Invalid limit: must be less than or equal to ${mostRows}.` },
      }
    const [, pool] = /^\/work_pools\/([^/]+)\//.exec(path) ?? []
    if (pool !== undefined && !pools.has(pool))
      return { status: 404, body: { detail: `Work pool "${pool}" not found.` } }
    for (const [wanted, pattern, answer] of routes) {
      const match = wanted === method ? pattern.exec(path) : null
      if (match) return answer(body, match.slice(1))
    }
    return { status: 404, body: { detail: `Not Found: ${method} ${path}` } }
  }

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake')
      const text = Buffer.concat(chunks).toString()
      const failure = failures.find(
        ({ left, path, body }) => left > 0 && url.pathname.includes(path) && (!body || body.test(text)),
      )
      if (failure) failure.left--
      if (failure?.answer === 'break') return request.socket.destroy()
      const handled = () =>
        handle(request.method ?? 'GET', url, request.headers, text ? (JSON.parse(text) as Json) : {})
      if (failure?.answer === 'lose') {
        handled()
        return request.socket.destroy()
      }
      const spoiled = failure?.answer ?? { laterMs: 0 }
      const isInstead = 'instead' in spoiled
      const done = isInstead || 'laterMs' in spoiled ? handled() : spoiled
      const answer = isInstead ? spoiled.instead : done
      const laterMs = 'laterMs' in spoiled ? spoiled.laterMs : 0
      const isText = answer.headers?.['content-type'] === 'text/html'
      const told =
        answer.body === undefined ? undefined : isText ? String(answer.body) : JSON.stringify(answer.body)
      setTimeout(() => {
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
        response.end(told)
      }, laterMs)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  return {
    apiUrl: `http://127.0.0.1:${port}${prefix}`,
    requests,
    runs,
    taskRuns,
    logs,
    artifacts,
    fail(path, answer, times = 1, body) {
      failures.push({ path, answer, left: times, body })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function found(value: unknown): Answer {
  return value === undefined ? { status: 404, body: { detail: 'not found' } } : ok(value)
}

function titled(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase()
}
