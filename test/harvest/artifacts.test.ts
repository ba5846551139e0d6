import { expect, test } from 'vitest'
import { StatusTable } from '../../src/harvest/artifacts.ts'
import type { HarvestEvent } from '../../src/log/events.ts'

test('the status table counts harvested, unchanged, skipped and failed, none of them twice', () => {
  const table = new StatusTable()
  const attempt = (datasetId: string, status: string, reason: string | null = null) =>
    table.listen({
      type: 'dataset-attempted',
      runId: 'r',
      attempt: {
        datasetId,
        source: 'erddap',
        status,
        reason,
        durationMs: 5,
        message: null,
        erddapUrl: 'https://a.ca',
      },
    } as unknown as HarvestEvent)
  attempt('new', 'success')
  attempt('same_1', 'skipped', 'UNCHANGED')
  attempt('same_2', 'skipped', 'UNCHANGED')
  attempt('bare', 'skipped', 'MISSING_CF_ROLE')
  attempt('broken', 'error', 'HTTP_ERROR')
  expect(table.description).toBe('5 datasets: 1 harvested, 2 unchanged, 1 skipped, 1 failed')
  expect(table.rows().map((row) => row.dataset_id)).toEqual(['broken', 'bare', 'same_1', 'same_2', 'new'])
})
