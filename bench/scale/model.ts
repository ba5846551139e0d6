/**
 * A week of a large site in virtual time: servers with their datasets, the schedule, workers with room for so many runs,
 * politeness towards each host, failures, the orchestrator's processor, and the one lock that loads queue at.
 * Deterministic: the same settings and seed give the same week.
 */

/** What one thing costs; each figure with the measurement that it comes from. Seconds unless the name says otherwise. */
export interface Costs {
  /** Requests of a dataset that is proven unchanged (bench/incremental). */
  requestsUnchanged: number
  /** Requests of a dataset that is harvested (bench/harvest, with change detection). */
  requestsChanged: number
  /** Fixed part of a run: list, catalogue from the cache, folder, artifacts (bench/harvest at 0 ms). */
  runSeconds: number
  /** Processor time of the Prefect server a run, and a poll (bench/worker). */
  serverSecondsRun: number
  serverSecondsPoll: number
  /** A load: fixed, for each profile of a harvested dataset, and for each row that changed (bench/load). */
  loadSeconds: number
  loadSecondsStagedRow: number
  loadSecondsChangedRow: number
  /** Bytes that an attempt takes in the audit, indexes included. */
  attemptBytes: number
  /** Bytes that a profile takes in the index, with its share of points and all indexes. */
  profileBytes: number
}

export const costs: Costs = {
  requestsUnchanged: 2.05,
  requestsChanged: 4,
  runSeconds: 1,
  serverSecondsRun: 0.15,
  serverSecondsPoll: 0.015,
  loadSeconds: 0.15,
  loadSecondsStagedRow: 0.000_02,
  loadSecondsChangedRow: 0.000_13,
  attemptBytes: 700,
  profileBytes: 900,
}

export interface Site {
  servers: number
  datasets: number
  profiles: number
  /** Half of the servers answer faster than this. */
  medianAnswerSeconds: number
  /** Datasets of a day whose files changed, as a share, and the share of their rows that did. */
  changedShare: number
  changedRowsShare: number
  /** Share of the runs that meet a server that is down, or ten times as slow. */
  downShare: number
  slowShare: number
}

export const site: Site = {
  servers: 500,
  datasets: 500_000,
  profiles: 100_000_000,
  medianAnswerSeconds: 0.12,
  changedShare: 0.03,
  changedRowsShare: 0.1,
  downShare: 0.02,
  slowShare: 0.01,
}

export interface Settings {
  name: string
  workers: number
  /** Runs that a worker executes at once. */
  runsPerWorker: number
  /** `together`: every source at 03:00; `spread`: each source at a minute of its own. */
  schedule: 'together' | 'spread'
  days: number
}

export interface Week {
  runs: number
  /** From the time that a run was due to its end, in hours. */
  hoursMedian: number
  hoursP95: number
  hoursMax: number
  /** Runs that were due while their predecessor was still at work: they are left out. */
  skipped: number
  /** Share of the time that slots of workers, the Prefect server's processor and the loader's lock were in use. */
  slotsBusy: number
  serverBusy: number
  lockBusy: number
  /** Longest wait for a slot and for the loader's lock, in seconds. */
  slotWaitMax: number
  lockWaitMax: number
  requestsADay: number
  attemptsADay: number
  /** Requests a second that the busiest host sees while it is harvested. */
  busiestHost: number
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Server {
  datasets: number
  profiles: number
  answerSeconds: number
  dueSecond: number
}

/** Sizes fall like 1/rank, as those of real servers do; the largest tenth holds two thirds of the datasets. */
export function makeServers(site: Site, settings: Settings, random: () => number): Server[] {
  const shares = Array.from({ length: site.servers }, (_, rank) => 1 / (rank + 5))
  const whole = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => ({
    datasets: Math.max(1, Math.round((share / whole) * site.datasets)),
    profiles: Math.round((share / whole) * site.profiles),
    answerSeconds: site.medianAnswerSeconds * Math.exp(0.9 * normal(random)),
    dueSecond: settings.schedule === 'together' ? 3 * 3600 : Math.floor(random() * 1440) * 60,
  }))
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

interface Work {
  asking: number
  loading: number
  requests: number
  attempts: number
}

/** What one run does: how long it asks its server, and how long it then holds the loader's lock. */
function runOf(server: Server, site: Site, costs: Costs, random: () => number): Work {
  const fate = random()
  if (fate < site.downShare)
    // Three attempts, then the pauses of 30, 60 and 120 s before the rest of the run is given up.
    return {
      asking: costs.runSeconds + 16 + 210,
      loading: costs.loadSeconds,
      requests: 6,
      attempts: server.datasets,
    }
  const slowness = fate < site.downShare + site.slowShare ? 10 : 1
  const changed = Math.round(server.datasets * site.changedShare)
  const requests = 1 + changed * costs.requestsChanged + (server.datasets - changed) * costs.requestsUnchanged
  const stagedRows = server.profiles * site.changedShare
  return {
    asking: costs.runSeconds + requests * server.answerSeconds * slowness,
    loading:
      costs.loadSeconds +
      stagedRows * costs.loadSecondsStagedRow +
      stagedRows * site.changedRowsShare * costs.loadSecondsChangedRow,
    requests,
    attempts: server.datasets,
  }
}

const daySeconds = 86_400

/** Lets the days pass. */
export function simulate(site: Site, settings: Settings, costs: Costs, seed = 1): Week {
  const random = randomNumbers(seed)
  const servers = makeServers(site, settings, random)
  const slots = settings.workers * settings.runsPerWorker
  const due = servers
    .flatMap((server, index) =>
      Array.from({ length: settings.days }, (_, day) => ({
        server,
        index,
        at: day * daySeconds + server.dueSecond,
      })),
    )
    .sort((a, b) => a.at - b.at || a.index - b.index)

  const slotFree = new Array<number>(slots).fill(0)
  const endOf = new Map<number, number>()
  const started: {
    asked: number
    asking: number
    loading: number
    due: number
    slot: number
    index: number
  }[] = []
  const hours: number[] = []
  let [requests, attempts, skipped, slotSeconds, lockSeconds] = [0, 0, 0, 0, 0]
  let [slotWaitMax, lockWaitMax, lockFree, last] = [0, 0, 0, 0]

  // Loads queue in the order in which their runs have asked everything: a run that ends asking is settled then.
  const settle = (until: number) => {
    started.sort((a, b) => a.asked - b.asked)
    while (started.length > 0 && started[0]!.asked <= until) {
      const run = started.shift()!
      const begins = Math.max(run.asked, lockFree)
      lockFree = begins + run.loading
      lockSeconds += run.loading
      lockWaitMax = Math.max(lockWaitMax, begins - run.asked)
      slotFree[run.slot] = lockFree
      endOf.set(run.index, lockFree)
      slotSeconds += lockFree - (run.asked - run.asking)
      hours.push((lockFree - run.due) / 3600)
      last = Math.max(last, lockFree)
    }
  }
  const earliestSlot = (): number => {
    // A slot whose run still asks is free when that run was settled; it is not chosen before.
    let best = 0
    for (let slot = 1; slot < slots; slot++) if (slotFree[slot]! < slotFree[best]!) best = slot
    return best
  }

  for (const { server, index, at } of due) {
    settle(at)
    const running = started.some((run) => run.index === index) || (endOf.get(index) ?? 0) > at
    if (running) {
      skipped += 1
      continue
    }
    let slot = earliestSlot()
    while (slotFree[slot] === Number.POSITIVE_INFINITY) {
      settle(started.reduce((first, run) => Math.min(first, run.asked), Number.POSITIVE_INFINITY))
      slot = earliestSlot()
    }
    const begins = Math.max(at, slotFree[slot]!)
    slotWaitMax = Math.max(slotWaitMax, begins - at)
    const work = runOf(server, site, costs, random)
    requests += work.requests
    attempts += work.attempts
    slotFree[slot] = Number.POSITIVE_INFINITY
    const run = {
      asked: begins + work.asking,
      asking: work.asking,
      loading: work.loading,
      due: at,
      slot,
      index,
    }
    started.push(run)
  }
  settle(Number.POSITIVE_INFINITY)

  hours.sort((a, b) => a - b)
  const at = (share: number) => hours[Math.min(hours.length - 1, Math.floor(hours.length * share))] ?? 0
  const whole = Math.max(last, settings.days * daySeconds)
  const polls = settings.workers * whole
  return {
    runs: hours.length,
    hoursMedian: at(0.5),
    hoursP95: at(0.95),
    hoursMax: at(1),
    skipped,
    slotsBusy: slotSeconds / (slots * whole),
    serverBusy: (hours.length * costs.serverSecondsRun + polls * costs.serverSecondsPoll) / whole,
    lockBusy: lockSeconds / whole,
    slotWaitMax,
    lockWaitMax,
    requestsADay: requests / settings.days,
    attemptsADay: attempts / settings.days,
    busiestHost: 1 / Math.min(...servers.map(({ answerSeconds }) => answerSeconds)),
  }
}
