/** Tests never act on a developer's own database or Prefect server: ambient variables are removed. */
for (const name of Object.keys(process.env)) {
  if (
    /^(DATABASE|DB_|PG[A-Z]|PREFECT_(?!BIN$)|HARVEST|VERNACULARS_|RUN_ON_DEPLOY|REGISTER_DEPLOYMENTS|WORKER_|CDE_|LOG_LEVEL|ALERT_|SMTP_|REDIS_|SENTRY_)/.test(
      name,
    )
  )
    delete process.env[name]
}

// Where the run was ended by force, its processes end too, and with them the servers that they started.
// Once a process, which may run many files.
const watching = Symbol.for('erddap-harvester: ends with its run')
const marks = globalThis as { [watching]?: true }
if (!marks[watching]) process.once('disconnect', () => process.exit(1))
marks[watching] = true
