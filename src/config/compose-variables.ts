/** What only the Compose files read: part of `.env.sample` and docs/configuration.md. */
export interface DocumentedVariable {
  group: string
  meaning: string
  default?: string
  example?: string
  secret?: true
}

export const composeVariables: Record<string, DocumentedVariable> = {
  DB_PUBLISHED_PORT: {
    group: 'Compose',
    meaning:
      'Port of the host for the database; not 5432, which the database of a portal beside it may have.',
    default: '15432',
  },
  PREFECT_PUBLISHED_PORT: {
    group: 'Compose',
    meaning: 'Port of the host for Prefect’s API and UI.',
    default: '14200',
  },
  DASHBOARD_PUBLISHED_PORT: {
    group: 'Compose',
    meaning: 'Port of the host for the dashboard and its API.',
    default: '18098',
  },
  HARVESTER_MEM_LIMIT: {
    group: 'Compose',
    meaning: 'Memory of the worker at most.',
    default: '2g',
  },
  HARVESTER_IMAGE: {
    group: 'Compose',
    meaning: 'Image of the harvester.',
    default: 'erddap-harvester:local',
    example: 'registry.example.org/erddap-harvester:1.0.0',
  },
  BAKED_HARVEST_CONFIG: {
    group: 'Compose',
    meaning:
      'Configuration that a build puts into the image, a file of config/; without one the image has none.',
    example: 'config/harvest.production.yaml',
  },
  POSTGIS_IMAGE: {
    group: 'Compose',
    meaning: 'Image of PostgreSQL with PostGIS; the default is built for amd64 only.',
    default: 'postgis/postgis:17-3.5',
    example: 'imresamu/postgis:17-3.5',
  },
  PREFECT_IMAGE: {
    group: 'Compose',
    meaning: 'Image of the Prefect server.',
    default: 'prefecthq/prefect:3.8.8-python3.12',
  },
  PREFECT_RETENTION_SECONDS: {
    group: 'Compose',
    meaning: 'Age at which the Prefect server deletes flow runs; 90 days.',
    default: '7776000',
  },
  HARVEST_WORKER_LIMIT: {
    group: 'Names of the Python harvester',
    meaning: 'The same as WORKER_LIMIT, and read where that is not set.',
    example: '4',
  },
  CORS_ORIGINS: {
    group: 'Names of the Python harvester',
    meaning: 'The same as HARVESTER_CORS_ORIGINS, and read where that is not set.',
    example: 'https://explore.example.org',
  },
  ENVIRONMENT: {
    group: 'Names of the Python harvester',
    meaning: 'The same as SENTRY_ENVIRONMENT, and read where that is not set.',
    example: 'production',
  },
}

/**
 * Variables of the program that a `.env` may hold and the services of docker-compose.yml do not get, with the reason.
 * A test holds that every other one reaches them.
 */
export const withoutEffectInCompose: Readonly<Record<string, string>> = {
  HARVESTER_CACHE_DIR: 'a volume is mounted at its default',
  HARVESTER_DATA_DIR: 'the database is the service db, and workers keep what is theirs in the container',
  HARVESTER_LOG_DIR: 'a volume is mounted at its default',
  DATABASE: 'the database is the service db',
  DATABASE_URL: 'the database is the service db; docs/moving-from-python.md says how another one is used',
  DB_HOST: 'the database is the service db; docs/moving-from-python.md says how another one is used',
  DB_HOST_EXTERNAL: 'the database is the service db',
  DB_PORT: 'the database is the service db; DB_PUBLISHED_PORT is its port on the host',
  DB_SSLMODE: 'the services share a private network',
  DB_CA_FILE: 'the services share a private network',
  PREFECT_API_URL: 'the server is the service prefect; docker-compose.worker.yaml polls another one',
  PREFECT_API_SSL_CERT_FILE: 'the services share a private network; docker-compose.worker.yaml has it',
  PREFECT_API_TLS_INSECURE_SKIP_VERIFY:
    'the services share a private network; docker-compose.worker.yaml has it',
  TERM: 'no service writes to a terminal',
  PREFECT_API_KEY:
    'the server is the service prefect; docker-compose.worker.yaml logs in by PREFECT_API_AUTH_STRING',
  REGISTER_DEPLOYMENTS: 'these workers register; those of docker-compose.worker.yaml do not',
  WORKER_NAME: 'several workers would bear one name',
  HARVESTER_HTTP_HOST:
    'the dashboard listens on all addresses of its container; BIND_ADDRESS says who reaches it',
  NODE_ENV: 'the image sets it to production',
  NO_COLOR: 'log lines of containers are JSON',
}
