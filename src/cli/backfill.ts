import { Command } from 'commander'
import { logLevelOf, type Parts, withParts } from '../app/open.ts'
import { openOperator } from '../app/orchestrator.ts'
import { serviceConfig } from '../app/service-config.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import { harvesterFlows } from '../flows/registry.ts'
import { type BackfillEngine, backfillEngine } from '../operate/backfill/engine.ts'
import { planBackfill, stepsOf, tagOf } from '../operate/backfill/plan.ts'
import {
  allCompleted,
  describeItem,
  intent,
  jsonResult,
  lineOf,
  renderResult,
  renderSteps,
} from '../operate/backfill/report.ts'
import { type BackfillEvent, refreshed, resumable, runBackfill } from '../operate/backfill/run.ts'
import { parseEach, parseParam } from '../operate/backfill/values.ts'
import { oneShotWorker } from '../runs/index.ts'
import { amount, visible } from '../text.ts'
import { type Console, sayJson, sayLines } from './console.ts'
import { fileOption, list, logLevelOption, text, wholeNumber } from './options.ts'

interface Flags {
  file?: string
  each: string[]
  param: string[]
  parallel: number
  key?: string
  retryFailed: boolean
  stopOnFailure: boolean
  dryRun: boolean
  json: boolean
  logLevel?: string
}

export function backfillCommand(): Command {
  return new Command('backfill')
    .description(
      'run a deployment once for each of many values; the same command again goes on with the rest',
    )
    .argument('<deployment>', 'name of the deployment, as harvest-erddap-example-org')
    .option(
      '--each <name=a,b,c>',
      'what varies: a list, JSON (name=["a","b"]) or a file (name=@file, a value a line); may be repeated, for all combinations',
      list(text),
      [],
    )
    .option(
      '--param <name=value>',
      'a parameter of all runs, its value as JSON or text; may be repeated',
      list(text),
      [],
    )
    .option('--parallel <number>', 'runs at once', wholeNumber({ least: 1, most: 100 }), 1)
    .option('--key <text>', 'name of the backfill, instead of one made from its values')
    .option('--retry-failed', 'start again those that failed, crashed or were cancelled', false)
    .option('--stop-on-failure', 'start no more once a run has failed', false)
    .option('--dry-run', 'only say what would be done', false)
    .option('--json', 'print the result as JSON', false)
    .addOption(fileOption())
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
Examples:
  harvester backfill harvest-all --each force=true --dry-run
  harvester backfill harvest-erddap-example-org --each source=erddap.example.org,data.example.org --param force=true
  harvester backfill harvest-erddap-example-org --each dataset_ids=@datasets.txt --parallel 2

Exit codes: 0 all completed, 1 one did not, 2 wrong usage or parameters, 130 interrupted.`,
    )
    .action(async (deployment: string, flags: Flags) => {
      // What is wrong with the flags is said before anything is read or opened.
      const wanted = readFlags(flags)
      // A backfill whose runs had all ended when Ctrl-C came is done.
      process.exitCode = await withParts((parts) => backfill(parts, deployment, wanted, flags), {
        onStop: 'ask',
      })
    })
}

async function backfill(
  parts: Parts,
  deployment: string,
  { each, params }: ReturnType<typeof readFlags>,
  flags: Flags,
): Promise<number> {
  const opened = await openEngine(parts, flags)
  const { engine, console } = opened
  const say = (line: string) => {
    if (console.bars) console.bars.print(`${visible(line)}\n`)
    else process.stderr.write(`${visible(line)}\n`)
  }
  let begun = false
  try {
    const plan = planBackfill({ target: await engine.target(deployment), each, params, key: flags.key })
    const tag = tagOf(plan.key)
    const about = { key: plan.key, deployment, tag, link: engine.link(tag) }
    await engine.open()
    if (plan.repeated > 0) say(`${plan.repeated} were given more than once; each is run once`)
    if (flags.dryRun) {
      const steps = stepsOf(plan.items, await engine.known(tag), flags)
      if (flags.json)
        sayJson({
          ...about,
          dryRun: true,
          runs: steps.map((step) => ({
            parameters: step.item.varies,
            deployment: step.item.deployment,
            would: intent(step),
          })),
        })
      else sayLines(`Backfill ${plan.key}\n${renderSteps(steps)}`)
      return exitCodes.done
    }
    say(
      `Backfill ${plan.key}: ${amount(plan.items.length, 'run')} of ${deployment}, ${flags.parallel} at once`,
    )
    if (about.link !== null) say(about.link)
    const progress = teller(console, plan.items.length, say)
    begun = true
    let result = await runBackfill({
      engine,
      plan,
      parallel: flags.parallel,
      retryFailed: flags.retryFailed,
      stopOnFailure: flags.stopOnFailure,
      signal: parts.signal,
      pollMs: opened.pollMs,
      onEvent: progress,
    })
    const { leftRunning } = engine
    // What this process executes is given back before the end is told.
    await engine.close()
    if (leftRunning === 'nowhere' && result.interrupted)
      result = { ...result, rows: await refreshed(engine, result.rows) }
    console.bars?.stop()
    const now = new Date()
    if (flags.json) sayJson(jsonResult(about, result, now))
    else sayLines(renderResult(result.rows, now))
    if (result.problem !== null) throw resumable(result.problem)
    if (result.interrupted) {
      process.stderr.write(
        `Interrupted. ${leftRunning === 'elsewhere' ? 'Runs that were started go on without this command' : 'Unfinished runs were given back'}; the same command goes on with backfill ${plan.key}.\n`,
      )
      return parts.exitCode() ?? exitCodes.interrupted
    }
    if (result.halted)
      process.stderr.write('Stopped at the first failure; the same command starts the rest.\n')
    else if (!allCompleted(result.rows))
      process.stderr.write('The same command with --retry-failed starts those again that did not complete.\n')
    return allCompleted(result.rows) ? exitCodes.done : exitCodes.failed
  } catch (error) {
    if (!parts.signal.aborted) throw error
    if (!begun) process.stderr.write('Interrupted before anything was started.\n')
    return parts.exitCode() ?? exitCodes.interrupted
  }
}

/** Everything that is wrong with the flags is found before anything is opened. */
function readFlags(flags: Flags) {
  if (flags.key !== undefined && !/^[\w.-]{1,80}$/.test(flags.key))
    throw new HarvesterError('USAGE', `--key "${flags.key}" is not usable`, {
      remedy: 'Take up to 80 letters, digits, dots, dashes and underscores.',
    })
  if (flags.each.length === 0)
    throw new HarvesterError('USAGE', 'a backfill needs --each', {
      remedy: 'For one run there is `harvester trigger`; else name what varies, as --each source=a,b,c.',
    })
  return { each: flags.each.map((text) => parseEach(text)), params: flags.param.map(parseParam) }
}

interface Opened {
  engine: BackfillEngine
  console: Console
  pollMs: number
}

async function openEngine(parts: Parts, flags: Flags): Promise<Opened> {
  const { file } = flags
  const { variables, environment, signal } = parts
  const { settings } = serviceConfig({ file, work: false }, environment)
  const level = logLevelOf(environment, flags.logLevel, settings)
  const console = parts.console({ level, time: settings.log_time, progress: true })
  const { log } = console
  const onProblem = (text: string, facts: Record<string, unknown>) => log.warn(facts, text)
  const open = await openOperator({
    file,
    work: true,
    env: variables,
    log,
    signal,
    worker: oneShotWorker(),
    onProblem,
  })
  parts.closing.add(() => open.close())
  const {
    orchestrator,
    parts: { services, onLog },
    config,
  } = open
  const engine = backfillEngine({
    orchestrator,
    // A store of our own is of one site.
    namespace: orchestrator.inDatabase ? '' : environment.HARVESTER_NAMESPACE,
    flows: harvesterFlows(services),
    sources: config.sources,
    limit: flags.parallel,
    engine: {
      logLevel: level,
      // Bars and the lines of runs would chase each other over the terminal.
      onLog: console.bars ? (line) => (line.level === 'info' ? undefined : onLog(line)) : onLog,
    },
    onExecuting: () => log.info({}, 'no standalone process lives: this command executes the runs itself'),
    onProblem,
  })
  let closed = false
  const closeEngine = async () => {
    if (!closed) await engine.close()
    closed = true
  }
  parts.closing.add(closeEngine)
  return {
    engine: withClose(engine, closeEngine),
    console,
    pollMs: orchestrator.inDatabase ? 500 : 2000,
  }
}

/** Closed before the result is told, and at the latest with everything else. */
function withClose(engine: BackfillEngine, close: () => Promise<void>): BackfillEngine {
  return {
    ...engine,
    get leftRunning() {
      return engine.leftRunning
    },
    close,
  }
}

/** A bar on a terminal, with what failed above it; lines elsewhere. */
function teller(
  console: Console,
  total: number,
  say: (line: string) => void,
): (event: BackfillEvent) => void {
  const bar = console.bars?.count(total)
  const running = new Map<string, string>()
  let ended = 0
  let failed = 0
  return (event) => {
    if (event.type === 'planned') ended += event.keep
    if (event.type === 'started') running.set(event.item.hash, describeItem(event.item))
    if (event.type === 'changed') running.set(event.item.hash, describeItem(event.item))
    if (event.type === 'ended') {
      running.delete(event.row.item.hash)
      ended += 1
      if (event.row.lost || event.row.run?.state.type !== 'COMPLETED') failed += 1
    }
    bar?.update(ended, { failed, running: running.size, text: [...running.values()].join(', ') })
    const quiet =
      bar &&
      (event.type === 'started' || (event.type === 'ended' && event.row.run?.state.type === 'COMPLETED'))
    const line = quiet ? null : lineOf(event, new Date())
    if (line !== null) say(line)
  }
}
