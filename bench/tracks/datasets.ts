/** What moves in the benchmark: sizes that a busy server has. */
import type { DemoDataset } from '../../src/demo/dataset.ts'
import { drifters, glider, ship, survey } from '../../src/demo/moving.ts'

const from = '2015-01-01T00:00:00Z'

export interface Case {
  name: string
  dataset: DemoDataset
  /** Whether its rows stand for cells: the positions of the others are kept as they are. */
  gridded: boolean
}

export const cases: readonly Case[] = [
  {
    name: '200,000 records of 20 drifters',
    dataset: drifters({ id: 'drifters', title: 'Drifters', from, count: 20, records: 10_000 }),
    gridded: true,
  },
  {
    name: '500,000 records of a ship',
    dataset: ship({ id: 'ship', title: 'A ship', from, records: 500_000, stepSeconds: 300 }),
    gridded: true,
  },
  {
    name: '400 casts of a glider',
    dataset: glider({ id: 'glider', title: 'A glider', from, casts: 400, levels: 250 }),
    gridded: false,
  },
  {
    name: '20,000 samples of a survey',
    dataset: survey({ id: 'survey', title: 'A survey', from, stations: 250, levels: 8, years: 10 }),
    gridded: false,
  },
]
