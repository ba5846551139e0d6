/**
 * What moves in the demo: a glider and 25 floats in the Pacific; 12 drifters, a ship and a survey in the Atlantic. Enough
 * for a map, few enough for a first start of some seconds.
 */

import { yearlyFiles } from './build.ts'
import type { DemoDataset } from './dataset.ts'
import { drifters, floats, glider, ship, survey } from './moving.ts'

const l06 = { platform_vocabulary: 'https://vocab.nerc.ac.uk/collection/L06/current/' }

export function movingInThePacific(): DemoDataset[] {
  const institution = 'Demonstration Observatory of the Pacific'
  return [
    glider({
      id: 'glider_line_p_2023',
      title: 'A glider, spring of 2023',
      institution,
      from: '2023-04-02T06:00:00Z',
      casts: 160,
      levels: 12,
      lost: 40,
      globals: { platform: 'sub-surface gliders', ...l06 },
      more: { files: yearlyFiles('glider', [2023]) },
    }),
    floats({
      id: 'floats_north_pacific',
      title: 'Profiling floats of the North Pacific',
      institution,
      from: '2021-01-05T00:00:00Z',
      count: 25,
      cycles: 24,
      levels: 8,
      globals: { platform: 'drifting subsurface profiling float', ...l06 },
      more: { files: yearlyFiles('floats', [2021]) },
    }),
  ]
}

export function movingInTheAtlantic(): DemoDataset[] {
  const institution = 'Centre for Atlantic Demonstrations'
  return [
    drifters({
      id: 'surface_drifters',
      title: 'Surface drifters',
      institution,
      from: '2022-01-01T00:00:00Z',
      count: 12,
      records: 600,
      // Most of them in the Atlantic, and some that cross the antimeridian.
      setOut: (at) =>
        at % 4 === 0
          ? { latitude: 40 + at / 2, longitude: 178 }
          : { latitude: 37 + at, longitude: -48 + (at % 5) * 3 },
      globals: { platform: 'drifting surface float', ...l06 },
      more: { files: yearlyFiles('drifters', [2022]) },
    }),
    ship({
      id: 'ship_thermosalinograph',
      title: 'Thermosalinograph of a ship',
      institution,
      from: '2022-03-01T00:00:00Z',
      records: 9000,
      stepSeconds: 900,
      way: { latitude: 47.5, longitude: -52.4, north: 0.9, east: 0.15 },
      globals: { platform: 'research vessel', ...l06 },
      more: { files: yearlyFiles('ship', [2022]) },
    }),
    survey({
      id: 'groundfish_survey_samples',
      title: 'Water samples of a yearly survey',
      institution,
      from: '2019-07-01T00:00:00Z',
      stations: 60,
      levels: 8,
      years: 4,
      globals: { platform: 'research vessel', ...l06 },
      more: { files: yearlyFiles('survey', [2019, 2020, 2021, 2022]) },
    }),
  ]
}
