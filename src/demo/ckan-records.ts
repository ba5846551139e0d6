/** The demo's catalogue: records in English and French for most datasets, and a few that are broken. */

import { createHash } from 'node:crypto'
import type { CkanRecord } from './ckan.ts'
import type { DemoDataset } from './dataset.ts'
import { attributeOf } from './dataset.ts'

/** French titles of the demo's datasets; those that are missing here have no record. */
const frenchTitles: Record<string, string> = {
  pacific_weather_buoys: 'Bouées météorologiques de la côte du Pacifique',
  quadra_seawater_intake: 'Prise d’eau de mer, île Quadra',
  baynes_sound_mooring: 'Mouillage dans le détroit de Baynes',
  pacific_tide_gauges: 'Marégraphes de la Colombie-Britannique',
  line_p_ctd: 'Profils CTD le long de la ligne P',
  coastal_bottle_samples: 'Échantillons de surface de la côte centrale',
  central_coast_rosette: 'Stations de rosette de la côte centrale',
  halibut_bank_realtime: 'Bouée du banc Halibut, temps quasi réel',
  shelf_adcp_eastward: 'Courantomètres du plateau continental',
  mirrored_newfoundland_buoys: 'Bouées de Terre-Neuve (serveur miroir)',
  bouees_golfe: 'Température à la surface, bouées du golfe et de l’estuaire du Saint-Laurent',
  thermographes: 'Réseau de thermographes, golfe du Saint-Laurent',
  releve_multidisciplinaire: 'Relevé multidisciplinaire du golfe: profils CTD',
  newfoundland_buoys: 'Bouées météorologiques au large de Terre-Neuve et de la Nouvelle-Écosse',
  bedford_basin_weekly: 'Bassin de Bedford, station hebdomadaire',
  zonal_monitoring_stations: 'Stations fixes de la zone atlantique',
  ecosystem_survey_casts: 'Profils du relevé écosystémique, par station',
  arctic_moorings: 'Mouillages de l’Arctique canadien',
  beaufort_ice_draft: 'Tirant d’eau des glaces, mer de Beaufort',
  community_observatories: 'Observatoires communautaires de l’Arctique et de la baie d’Hudson',
  baffin_bay_ctd: 'Profils CTD dans la baie de Baffin et le détroit de Davis',
}

/** English titles of datasets that are described in French. */
const englishTitles: Record<string, string> = {
  bouees_golfe: 'Surface temperature, buoys of the Gulf and Estuary of St. Lawrence',
  thermographes: 'Thermograph network, Gulf of St. Lawrence',
  releve_multidisciplinaire: 'Multidisciplinary survey of the Gulf: CTD casts',
}

export interface CataloguedServer {
  /** As the records give it. */
  url: string
  datasets: readonly DemoDataset[]
}

export function demoCkanRecords(servers: readonly CataloguedServer[]): unknown[] {
  const records = servers.flatMap(({ url, datasets }) =>
    datasets.flatMap((dataset): CkanRecord[] => {
      const french = frenchTitles[dataset.id]
      return french === undefined ? [] : [record(url, dataset, french)]
    }),
  )
  return [...records, ...broken(servers[0]?.url ?? '')]
}

/** A number that looks like a UUID and is always the same for the same text. */
function stableUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function record(url: string, dataset: DemoDataset, french: string): CkanRecord {
  const { id, globals } = dataset
  const english = englishTitles[id] ?? attributeOf(globals, 'title') ?? id
  const institution = attributeOf(globals, 'institution') ?? ''
  // Catalogues write the addresses of a dataset in many ways.
  const forms = [
    `/tabledap/${id}.html`,
    `/fr/tabledap/${id}.html`,
    `/tabledap/${id}`,
    `/tabledap/${id}.csv?time`,
  ]
  const form = forms[id.length % forms.length] ?? ''
  return {
    id: stableUuid(`${url} ${id}`),
    name: `demo-${id.replaceAll('_', '-')}`,
    title: english,
    title_translated: { en: english, fr: french },
    'cited-responsible-party': [
      { 'organisation-name': institution, role: '["owner"]', 'individual-name': '' },
      { 'organisation-name': 'Demonstration Ocean Data Network', role: '["publisher"]' },
      { 'organisation-name': institution, role: '["custodian"]' },
    ],
    resources: [
      {
        name: 'Data',
        format: 'ERDDAP',
        url: `${url.replace('https:', id.length % 2 === 0 ? 'http:' : 'https:')}${form}`,
      },
      { name: 'Report', format: 'PDF', url: `https://documents.demo.example/${id}.pdf` },
    ],
  }
}

/** Records that a reader must survive. */
function broken(url: string): unknown[] {
  return [
    null,
    { id: stableUuid('no resources'), title: 'erddap: record without resources', resources: null },
    {
      id: stableUuid('text for titles'),
      title_translated: 'not an object',
      'cited-responsible-party': 'not a list',
      resources: [{ url: `${url}/tabledap/rivers_inlet_pilot.html` }, { url: 17 }, null],
    },
    {
      id: stableUuid('unknown dataset'),
      title_translated: { en: 'Removed long ago' },
      resources: [{ url: `${url}/tabledap/removed_long_ago.html` }],
    },
  ]
}
