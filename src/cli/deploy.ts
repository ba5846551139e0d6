import { Command } from 'commander'
import { declaredDeployments, registrationOf } from '../app/engine.ts'
import { planned } from '../app/judge.ts'
import { action, type Parts } from '../app/open.ts'
import { createProcess } from '../app/services.ts'
import { inNamespace } from '../config/namespace.ts'
import { exitCodes, HarvesterError } from '../errors.ts'
import {
  chooseOrchestrator,
  createPrefectBackend,
  describeLimitChange,
  namespaceTag,
  prefectSettings,
  registerDeployments,
} from '../runs/index.ts'
import { sayLine } from './console.ts'
import { deployAlerts } from './deploy-alerts.ts'
import { fileOption } from './options.ts'

interface Flags {
  file?: string
  all: boolean
  prune: boolean
  takeOver: boolean
  /** Undefined leaves the server's alerts as they are. */
  alerts?: boolean
}

export function deployCommand(): Command {
  return new Command('deploy')
    .description('register pools, limits and deployments with the Prefect server, without a worker')
    .argument('[name...]', 'deployments to register')
    .addOption(fileOption())
    .option('--all', 'all of config/deployments.yaml', false)
    .option(
      '--prune',
      'delete deployments of sources that left the configuration, instead of pausing them',
      false,
    )
    .option('--take-over', 'make deployments ours that another namespace registered', false)
    .option('--alerts', 'let the server itself report failures to the ALERT_ webhooks; updates what differs')
    .option('--no-alerts', 'delete what --alerts made; the rule for runs that went silent stays')
    .action(action(deploy, { judges: true, onStop: 'end' }))
}

async function deploy(parts: Parts, names: string[], flags: Flags): Promise<number> {
  const { variables, closing } = parts
  const settings = prefectSettings(variables)
  if (!settings)
    throw new HarvesterError('USAGE', 'PREFECT_API_URL is not set', {
      remedy: 'Set it to the API of the server, as http://localhost:4200/api.',
    })
  const registers = names.length > 0 || flags.all
  if (!registers && flags.alerts === undefined)
    throw new HarvesterError('USAGE', 'no deployment is named', {
      remedy: 'Name some, or use --all, or --alerts for the alerts alone.',
    })
  const { environment, config } = await planned({
    file: flags.file,
    work: true,
    serves: false,
    database: false,
    env: variables,
  })
  const { log } = parts.console({ level: 'info' })
  const { services, close } = await createProcess({
    environment,
    config,
    log,
    database: null,
    orchestrator: chooseOrchestrator(variables),
    listeners: [],
  })
  closing.add(close)
  const backend = createPrefectBackend({
    settings,
    namespaceTag: namespaceTag(environment.HARVESTER_NAMESPACE),
    onProblem: (text, facts) => log.warn(facts, text),
  })
  closing.add(() => backend.close())
  const alerts = async () => {
    if (flags.alerts === undefined) return
    for (const line of await deployAlerts(backend, environment, config.settings.alerts, flags.alerts))
      sayLine(line)
  }
  if (!registers) {
    await alerts()
    return exitCodes.done
  }
  const declared = declaredDeployments(environment, services)
  const wanted = names.map((name) => inNamespace(name, environment.HARVESTER_NAMESPACE))
  const unknown = wanted.filter((name) => !declared.some((deployment) => deployment.name === name))
  if (unknown.length > 0) {
    throw new HarvesterError('USAGE', `there is no deployment ${unknown.join(', ')}`, {
      remedy: `Declared: ${declared.map(({ name }) => name).join(', ')}.`,
    })
  }
  const registration = registrationOf(environment, services, {
    prune: flags.prune,
    takeOver: flags.takeOver,
    limits: 'reset',
  })
  const only = new Set(wanted)
  const report = await registerDeployments(
    backend,
    // What was not named has not vanished.
    flags.all
      ? registration
      : {
          ...registration,
          deployments: registration.deployments.filter(({ name }) => only.has(name)),
          partial: true,
        },
  )
  const { limits, otherLimits: _, ...deployments } = report
  for (const change of limits) sayLine(describeLimitChange(change))
  for (const [what, list] of Object.entries(deployments))
    if (list.length > 0) sayLine(`${what}: ${list.join(', ')}`)
  await alerts()
  return exitCodes.done
}
