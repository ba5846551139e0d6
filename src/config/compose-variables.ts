/** What only the Compose files read: part of `.env.sample` and docs/configuration.md. */
export interface DocumentedVariable {
  group: string
  meaning: string
  default?: string
  example?: string
  secret?: true
}

export const composeVariables: Record<string, DocumentedVariable> = {
  BIND_ADDRESS: {
    group: 'Compose',
    meaning:
      'Address of the host on which ports are published; others than loopback need a firewall or proxy.',
    default: '127.0.0.1',
  },
  DB_PUBLISHED_PORT: {
    group: 'Compose',
    meaning: 'Port of the host for the database.',
    default: '5432',
  },
  PREFECT_PUBLISHED_PORT: {
    group: 'Compose',
    meaning: 'Port of the host for Prefect’s API and UI.',
    default: '4200',
  },
  HARVESTER_IMAGE: {
    group: 'Compose',
    meaning: 'Image of the harvester.',
    default: 'erddap-harvester:local',
    example: 'registry.example.org/erddap-harvester:1.0.0',
  },
  BAKED_HARVEST_CONFIG: {
    group: 'Compose',
    meaning: 'Configuration that a build puts into the image, a file of this folder.',
    default: 'config/harvest.sample.yaml',
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
}
