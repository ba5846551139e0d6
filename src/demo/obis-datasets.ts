/** The demo's OBIS datasets: surveys, sightings and tagged animals, the same at every start. */

import { demoSynonyms, demoTaxa, demoUnknownName } from './worms-taxa.ts'

export interface ObisOccurrence {
  id: string
  decimalLatitude: number | null
  decimalLongitude: number | null
  /** Milliseconds since 1970. */
  date_start: number | null
  date_end: number | null
  minimumDepthInMeters: number | null
  maximumDepthInMeters: number | null
  scientificName: string | null
  /** Looked for and not found. */
  absence?: boolean
  /** Left out by OBIS itself, since its quality does not suffice. */
  dropped?: boolean
}

export interface ObisDemoDataset {
  id: string
  title: string
  institutes: string[]
  nodes: { id: string; name: string }[]
  /** WKT; made from the occurrences if left out. */
  extent?: string
  occurrences: ObisOccurrence[]
  /** Occurrences that OBIS says it has. @default as many as there are */
  stated?: number
  /** Whether it has a parquet file; one that was published a moment ago has none yet. @default true */
  isPublished?: boolean
}

const obisCanada = { id: '7dfb2d90-9317-434d-8d4e-64adf324579a', name: 'OBIS Canada' }
const otn = { id: '68f83ea7-69a7-44fd-be77-3c3afd6f3cf8', name: 'Ocean Tracking Network' }
const eurobis = { id: '4bf79a01-65a9-4db6-b37b-18434f26ddfc', name: 'EurOBIS' }
const australia = { id: 'b7c47783-a020-4173-b390-7b57c4fa1426', name: 'OBIS Australia' }

export const demoObisIds = {
  trawlSurvey: '11111111-aaaa-4aaa-8aaa-000000000001',
  whaleSightings: '11111111-aaaa-4aaa-8aaa-000000000002',
  taggedFish: '11111111-aaaa-4aaa-8aaa-000000000003',
  atlanticPlankton: '11111111-aaaa-4aaa-8aaa-000000000004',
  reefFish: '11111111-aaaa-4aaa-8aaa-000000000005',
  intertidal: '11111111-aaaa-4aaa-8aaa-000000000006',
  announced: '11111111-aaaa-4aaa-8aaa-000000000007',
  arcticBenthos: '11111111-aaaa-4aaa-8aaa-000000000008',
} as const

interface Plan {
  id: string
  count: number
  /** Centre of the survey, degrees, and how far it reaches. */
  latitude: number
  longitude: number
  reach: number
  firstYear: number
  years: number
  depthMetres: number
  species: readonly string[]
}

const pick = (...ids: number[]) => demoTaxa.filter(({ id }) => ids.includes(id)).map(({ name }) => name)
const groundfish = pick(
  126436,
  126437,
  127254,
  126759,
  127138,
  127144,
  126417,
  126735,
  107315,
  107649,
  125469,
)
const whales = pick(137090, 137091, 137087, 137092, 159023, 137115, 137117, 2688, 137102)
const seals = pick(137080, 137084, 159019, 137077)
const plankton = pick(104464, 104465, 104467, 1080)
const shore = pick(140480, 124321, 123776, 145795, 145724, 145541, 107322, 156134)

export function demoObisDatasets(): ObisDemoDataset[] {
  return [...ofTheAtlantic(), ...ofOtherSeas()]
}

function ofTheAtlantic(): ObisDemoDataset[] {
  return [
    {
      id: demoObisIds.trawlSurvey,
      title: 'Maritimes summer research vessel trawl survey (demonstration)',
      institutes: ['Fisheries and Oceans Canada', 'Bedford Institute of Oceanography'],
      nodes: [obisCanada],
      occurrences: [
        ...survey({
          id: 'trawl',
          count: 3000,
          latitude: 44.2,
          longitude: -63,
          reach: 3.2,
          firstYear: 1990,
          years: 30,
          depthMetres: 250,
          species: groundfish,
        }),
        ...survey({
          id: 'old-names',
          count: 60,
          latitude: 45,
          longitude: -60,
          reach: 1,
          firstYear: 1975,
          years: 5,
          depthMetres: 180,
          species: [...demoSynonyms.map(({ name }) => name), demoUnknownName],
        }),
      ],
    },
    {
      id: demoObisIds.whaleSightings,
      title: 'Whale sightings in the Gulf and Estuary of St. Lawrence (demonstration)',
      institutes: ['Demonstration Marine Mammal Network'],
      nodes: [obisCanada],
      occurrences: survey({
        id: 'whale',
        count: 900,
        latitude: 48.7,
        longitude: -64.5,
        reach: 2.2,
        firstYear: 2005,
        years: 18,
        depthMetres: 0,
        species: [...whales, ...seals],
      }),
    },
    {
      id: demoObisIds.taggedFish,
      title: 'Acoustic telemetry of salmon and sharks (demonstration)',
      institutes: ['Dalhousie University'],
      nodes: [otn],
      occurrences: survey({
        id: 'tag',
        count: 1200,
        latitude: 43,
        longitude: -64,
        reach: 5,
        firstYear: 2012,
        years: 12,
        depthMetres: 60,
        species: pick(127186, 105838, 105799, 105919, 137209, 127023),
      }),
    },
    {
      id: demoObisIds.atlanticPlankton,
      title: 'North Atlantic plankton recorder (demonstration)',
      institutes: ['Demonstration Plankton Survey'],
      nodes: [eurobis],
      // Both shores of the ocean: only a part of it is of Canada.
      occurrences: survey({
        id: 'plankton',
        count: 2500,
        latitude: 50,
        longitude: -38,
        reach: 16,
        firstYear: 1960,
        years: 60,
        depthMetres: 10,
        species: plankton,
      }),
    },
  ]
}

function ofOtherSeas(): ObisDemoDataset[] {
  return [
    {
      id: demoObisIds.reefFish,
      title: 'Reef fishes of the Coral Sea (demonstration)',
      institutes: ['Demonstration Museum of Queensland'],
      nodes: [australia],
      occurrences: survey({
        id: 'reef',
        count: 200,
        latitude: -17,
        longitude: 148,
        reach: 3,
        firstYear: 2000,
        years: 10,
        depthMetres: 25,
        species: pick(843664),
      }),
    },
    {
      id: demoObisIds.intertidal,
      title: 'Suivi de l’estran de la côte du Pacifique (démonstration)',
      institutes: ['Hakai Institute (demonstration)'],
      nodes: [obisCanada],
      isPublished: false,
      occurrences: survey({
        id: 'shore',
        count: 450,
        latitude: 51.5,
        longitude: -128,
        reach: 0.8,
        firstYear: 2014,
        years: 9,
        depthMetres: 2,
        species: [...shore, ...pick(137102, 293567, 274291)],
      }),
    },
    {
      id: demoObisIds.announced,
      title: 'Announced, without occurrences yet (demonstration)',
      institutes: ['Demonstration Data Centre'],
      nodes: [obisCanada],
      extent: 'POLYGON((-70 45,-60 45,-60 50,-70 50,-70 45))',
      occurrences: [],
    },
    {
      id: demoObisIds.arcticBenthos,
      title: 'Benthos and seabirds of Lancaster Sound (demonstration)',
      institutes: ['Université Laval'],
      nodes: [obisCanada],
      occurrences: [
        ...survey({
          id: 'arctic',
          count: 500,
          latitude: 74.2,
          longitude: -84,
          reach: 1.6,
          firstYear: 2008,
          years: 12,
          depthMetres: 400,
          species: [...pick(126433, 137086, 137116, 137131, 124321, 104465), ...seals],
        }),
        // Entered without care: no position, a pole, a year that no calendar has.
        occurrence('arctic-lost', null, null, Date.UTC(2010, 7, 1), 'Boreogadus saida'),
        occurrence('arctic-pole', 90, 0, Date.UTC(2010, 7, 1), 'Boreogadus saida'),
        occurrence('arctic-future', 74.2, -84, Date.UTC(20_100, 7, 1), 'Boreogadus saida'),
      ],
    },
  ]
}

function occurrence(
  id: string,
  latitude: number | null,
  longitude: number | null,
  dateMs: number | null,
  scientificName: string | null,
): ObisOccurrence {
  return {
    id,
    decimalLatitude: latitude,
    decimalLongitude: longitude,
    date_start: dateMs,
    date_end: dateMs,
    minimumDepthInMeters: null,
    maximumDepthInMeters: null,
    scientificName,
  }
}

/** Occurrences around a centre, clustered at stations, the common species far more often than the rare ones. */
function survey(plan: Plan): ObisOccurrence[] {
  const random = randomFrom(plan.id)
  const stations = Array.from({ length: Math.max(4, Math.round(plan.count / 25)) }, () => ({
    latitude: plan.latitude + (random() - 0.5) * 2 * plan.reach,
    longitude: plan.longitude + (random() - 0.5) * 2.6 * plan.reach,
  }))
  return Array.from({ length: plan.count }, (_, number) => {
    const station = stations[Math.floor(random() * stations.length)]!
    const start =
      Date.UTC(
        plan.firstYear + Math.floor(random() * plan.years),
        4 + Math.floor(random() * 6),
        1 + Math.floor(random() * 28),
      ) +
      Math.floor(random() * 86_400) * 1000
    const depth = plan.depthMetres === 0 || random() < 0.1 ? null : Math.round(random() * plan.depthMetres)
    return {
      id: `${plan.id}-${String(number).padStart(6, '0')}`,
      decimalLatitude: round(station.latitude + (random() - 0.5) * 0.02),
      decimalLongitude: round(station.longitude + (random() - 0.5) * 0.02),
      date_start: random() < 0.02 ? null : start,
      date_end: random() < 0.04 ? null : start + Math.floor(random() * 3) * 3_600_000,
      minimumDepthInMeters: depth,
      maximumDepthInMeters: depth === null ? null : depth + Math.round(random() * 20),
      scientificName: random() < 0.01 ? null : plan.species[Math.floor(random() ** 2 * plan.species.length)]!,
    }
  })
}

function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5
}

/** Numbers that look random and are the same for the same text. */
function randomFrom(text: string): () => number {
  let state = 2166136261
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 16777619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
