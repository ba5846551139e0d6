import type { TaskRun } from '../backend.ts'
import type {
  HeldSlot,
  RunFilter,
  RunGroup,
  RunStore,
  StoredArtifact,
  StoredLimit,
  StoredLogLine,
  StoredRun,
  StoredWorker,
} from './store.ts'

/** Lines of a run that are kept, the newest; a harvest of a large server writes tens of thousands. */
const keepLines = 5_000

interface Memory {
  readonly keepRuns: number
  readonly runs: Map<string, StoredRun>
  readonly tasks: Map<string, Map<string, TaskRun>>
  readonly logs: Map<string, StoredLogLine[]>
  readonly artifacts: Map<string, Map<string, StoredArtifact>>
  readonly workers: Map<string, StoredWorker>
  readonly limits: Map<string, StoredLimit>
  readonly slots: Map<string, HeldSlot[]>
}

/** Keeps runs in memory, for one-shot commands and tests: the newest `keepRuns` of them, and the end of their logs. */
export function memoryStore(options: { keepRuns?: number } = {}): RunStore {
  const memory: Memory = {
    keepRuns: options.keepRuns ?? 1000,
    runs: new Map(),
    tasks: new Map(),
    logs: new Map(),
    artifacts: new Map(),
    workers: new Map(),
    limits: new Map(),
    slots: new Map(),
  }
  return { ...runsOf(memory), ...recordsOf(memory), ...workersOf(memory), ...slotsOf(memory) }
}

type Runs = Pick<RunStore, 'createRun' | 'run' | 'runs' | 'claimNext' | 'transition'>

function runsOf(memory: Memory): Runs {
  const { runs } = memory
  return {
    async createRun(run) {
      if (run.idempotencyKey !== null)
        for (const known of runs.values())
          if (known.flow === run.flow && known.idempotencyKey === run.idempotencyKey)
            return { run: known, created: false }
      runs.set(run.id, run)
      forgetOld(memory)
      return { run, created: true }
    },
    async run(id) {
      return runs.get(id) ?? null
    },
    async runs(filter) {
      const found = [...runs.values()].filter((run) => matches(run, filter))
      if (filter.dueBefore) found.sort((a, b) => a.scheduledAt.getTime() - b.scheduledAt.getTime())
      else found.reverse().sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
      return found.slice(0, filter.limit ?? 200)
    },
    async claimNext(wanted) {
      const first = nextOf([...runs.values()], wanted)
      if (!first) return null
      const { to, worker, instance } = wanted
      const claimed = { ...first, state: to, worker, instance }
      runs.set(first.id, claimed)
      return claimed
    },
    async transition(id, from, to, set = {}, of = undefined) {
      const run = runs.get(id)
      if (!run || !from.includes(run.state.type)) return null
      if (of && (run.runCount !== of.runCount || (run.instance ?? null) !== (of.instance ?? null)))
        return null
      const next = { ...run, ...set, state: to }
      runs.set(id, next)
      return next
    },
  }
}

function forgetOld({ keepRuns, runs, tasks, logs, artifacts }: Memory): void {
  for (const [id, run] of runs) {
    if (runs.size <= keepRuns) return
    if (run.endedAt === null) continue
    for (const map of [runs, tasks, logs, artifacts]) map.delete(id)
  }
}

const matches = (run: StoredRun, filter: RunFilter) =>
  (!filter.ids || filter.ids.includes(run.id)) &&
  (!filter.types || filter.types.includes(run.state.type)) &&
  (filter.flow === undefined || run.flow === filter.flow) &&
  (filter.deployment === undefined || run.deployment === filter.deployment) &&
  (filter.parentRunId === undefined || run.parentRunId === filter.parentRunId) &&
  (filter.worker === undefined || run.worker === filter.worker) &&
  (filter.tag === undefined || run.tags.includes(filter.tag)) &&
  (!filter.dueBefore || run.scheduledAt <= filter.dueBefore)

/** The run that is to be claimed next: due, wanted, and not of a group that is full. */
function nextOf(
  runs: readonly StoredRun[],
  { flows, groups, held, priorities, only, to }: Parameters<RunStore['claimNext']>[0],
): StoredRun | undefined {
  const holds = (run: StoredRun) => held.includes(run.state.type)
  const isFull = ({ deployments, limit }: RunGroup) =>
    runs.filter((run) => holds(run) && deployments.includes(run.deployment ?? '')).length >= limit
  const full = new Set(groups.filter(isFull).flatMap(({ deployments }) => deployments))
  const isWanted = (run: StoredRun) =>
    only === null ||
    (run.parentRunId !== null && only.childrenOf.includes(run.parentRunId)) ||
    (only.tag !== null && run.tags.includes(only.tag))
  const priority = (run: StoredRun) => priorities.get(run.deployment ?? '') ?? Infinity
  const [first] = runs
    .filter(
      (run) =>
        run.state.type === 'SCHEDULED' &&
        run.scheduledAt <= to.at &&
        flows.includes(run.flow) &&
        !full.has(run.deployment ?? '') &&
        isWanted(run),
    )
    .sort((a, b) => {
      const [first, second] = [priority(a), priority(b)]
      return first === second ? a.scheduledAt.getTime() - b.scheduledAt.getTime() : first - second
    })
  return first
}

function recordsOf({
  tasks,
  logs,
  artifacts,
}: Memory): Pick<
  RunStore,
  'saveTaskRuns' | 'taskRuns' | 'appendLogs' | 'logs' | 'saveArtifact' | 'artifacts'
> {
  return {
    async saveTaskRuns(list) {
      for (const task of list) {
        const known = tasks.get(task.flowRunId) ?? new Map<string, TaskRun>()
        known.set(task.id, task)
        tasks.set(task.flowRunId, known)
      }
    },
    async taskRuns(flowRunId) {
      return [...(tasks.get(flowRunId)?.values() ?? [])]
    },
    async appendLogs(lines) {
      for (const line of lines) {
        const known = logs.get(line.flowRunId)
        if (!known) logs.set(line.flowRunId, [line])
        // Cut now and then, not at every line.
        else if (known.push(line) >= 2 * keepLines) known.splice(0, known.length - keepLines)
      }
    },
    async logs(flowRunId, { last, skip = 0 } = {}) {
      const known = logs.get(flowRunId) ?? []
      return last === undefined ? known.slice(skip) : known.slice(-last)
    },
    async saveArtifact(artifact) {
      const known = artifacts.get(artifact.flowRunId) ?? new Map<string, StoredArtifact>()
      known.set(artifact.id, artifact)
      artifacts.set(artifact.flowRunId, known)
    },
    async artifacts(flowRunId) {
      return [...(artifacts.get(flowRunId)?.values() ?? [])]
    },
  }
}

function workersOf({
  workers,
  limits,
}: Memory): Pick<
  RunStore,
  'touchWorker' | 'workers' | 'removeWorker' | 'limits' | 'setLimit' | 'clearLimit'
> {
  return {
    async touchWorker(name, seenAt, instance = null) {
      workers.set(name, { name, seenAt, instance })
    },
    async workers() {
      return [...workers.values()]
    },
    async removeWorker(name) {
      workers.delete(name)
    },
    async limits() {
      return [...limits.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async setLimit(limit) {
      limits.set(limit.name, limit)
    },
    async clearLimit(name) {
      limits.delete(name)
    },
  }
}

function slotsOf({ slots }: Memory): Pick<RunStore, 'takeSlots' | 'renewSlots' | 'freeSlots' | 'slots'> {
  const forgetExpired = () => {
    for (const [id, held] of slots)
      if (held.some(({ expiresAt }) => expiresAt <= new Date())) slots.delete(id)
  }
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

  return {
    async takeSlots({ id, holder, limits: wanted, seconds }) {
      forgetExpired()
      const held = [...slots.values()].flat()
      if (wanted.some(({ name, limit }) => held.filter((slot) => slot.name === name).length >= limit))
        return false
      slots.set(
        id,
        wanted.map(({ name }) => ({ name, holder, expiresAt: inSeconds(seconds) })),
      )
      return true
    },
    async renewSlots(id, seconds) {
      forgetExpired()
      const held = slots.get(id)
      if (!held) return false
      slots.set(
        id,
        held.map((slot) => ({ ...slot, expiresAt: inSeconds(seconds) })),
      )
      return true
    },
    async freeSlots(id) {
      slots.delete(id)
    },
    async slots() {
      forgetExpired()
      return [...slots.values()].flat()
    },
  }
}
