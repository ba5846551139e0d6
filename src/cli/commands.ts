import type { Command } from 'commander'

/** In the order of the help. A command is loaded when it is asked for: most need little of the program. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  worker: async () => (await import('./worker.ts')).workerCommand(),
  workers: async () => (await import('./workers.ts')).workersCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  deploy: async () => (await import('./deploy.ts')).deployCommand(),
  wait: async () => (await import('./wait.ts')).waitCommand(),
  trigger: async () => (await import('./trigger.ts')).triggerCommand(),
  backfill: async () => (await import('./backfill.ts')).backfillCommand(),
  harvest: async () => (await import('./harvest.ts')).harvestCommand(),
  load: async () => (await import('./load.ts')).loadCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  compare: async () => (await import('./compare.ts')).compareCommand(),
  prune: async () => (await import('./prune.ts')).pruneCommand(),
  runs: async () => (await import('./runs.ts')).runsCommand(),
  limits: async () => (await import('./limits.ts')).limitsCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  alerts: async () => (await import('./alerts.ts')).alertsCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  vernaculars: async () => (await import('./vernaculars.ts')).vernacularsCommand(),
  vocabularies: async () => (await import('./vocabularies.ts')).vocabulariesCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
}
