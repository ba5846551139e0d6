import { describe, expect, it } from 'vitest'
import type { DemoDataset } from '../../src/demo/dataset.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { ask } from './ask.ts'
import { recorded } from './recorded.ts'
import { trackDatasets } from './recorded-tracks.ts'

/** Answers about data that the recordings give back whole. Of a drawn position only its cell is known. */
const names = [
  'casts_count',
  'casts_count_cells_with_data',
  'casts_count_cells_subset_only',
  'casts_distinct',
  'casts_minmax_time',
  'err_group_bad_step',
  'err_group_last_rounded',
  'err_group_not_requested',
  'err_group_text_rounded',
  'err_group_zero_step',
  'err_null_variable',
  'mirror_casts_count_wrong',
  'mirror_count_cells_wrong',
  'mirror_first_in_cell_right',
  'mirror_point_count_wrong',
  'origin_first_in_cell',
  'point_count_day_position',
  'track_count_cells',
  'track_count_cells_month',
]

describe('the look-alike groups as the recorded ERDDAP did', () => {
  it.each(names)('%s', async (name) => {
    const datasets: DemoDataset[] = trackDatasets()
    const server = await startErddap({ datasets, publicUrl: 'http://127.0.0.1:8180/erddap' })
    try {
      const path = recorded(`tracks/${name}`, 'req').trim().slice('http://127.0.0.1:8180'.length)
      const answer = await ask(`${server.origin}${path}`)
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(recorded(`tracks/${name}`, 'headers'))?.[1])
      expect({ status: answer.status, body: answer.body }).toEqual({
        status,
        body: recorded(`tracks/${name}`, 'body'),
      })
    } finally {
      await server.close()
    }
  })
})
