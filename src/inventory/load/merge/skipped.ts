import { fromTheFuture, type Merge } from './context.ts'
import type { PruneInput } from './prune.ts'

/** `skipped_datasets` is the present state: what was harvested leaves it, what was skipped is in it once. */
export async function mergeSkipped(merge: Merge, input: PruneInput): Promise<void> {
  const { session, stage, tables } = merge
  const same = (a: string, b: string) =>
    `${a}.erddap_url = ${b}.erddap_url AND ${a}.dataset_id = ${b}.dataset_id`
  for (const table of [tables.datasets, tables.verified])
    await session.query(`DELETE FROM cde.skipped_datasets k USING ${table} s WHERE ${same('k', 's')}`)
  const newer = merge.forceOld
    ? 'false'
    : `EXISTS (SELECT 1 FROM cde.datasets d WHERE ${same('d', 's')} AND d.verified_at > s.attempted_at
        AND NOT ${fromTheFuture('d.verified_at')})`
  const present = `SELECT * FROM ${stage.skipped} s
    WHERE NOT EXISTS (SELECT 1 FROM ${tables.datasets} t WHERE ${same('t', 's')}) AND NOT ${newer}`
  await session.query(`
    UPDATE cde.skipped_datasets k SET reason_code = s.reason_code FROM (${present}) s
    WHERE ${same('k', 's')} AND k.reason_code IS DISTINCT FROM s.reason_code`)
  await session.query(`
    INSERT INTO cde.skipped_datasets (erddap_url, dataset_id, reason_code)
    SELECT s.erddap_url, s.dataset_id, s.reason_code FROM (${present}) s
    WHERE NOT EXISTS (SELECT 1 FROM cde.skipped_datasets k WHERE ${same('k', 's')})`)
  // A dataset that is not listed any more is not skipped either.
  const complete = input.mode === 'full' ? 'coalesce(o.complete, true)' : 'o.complete'
  await session.query(`
    DELETE FROM cde.skipped_datasets k USING ${tables.pruned}_sources o
    WHERE o.erddap_url = k.erddap_url AND ${complete} AND NOT o.restricted
      AND NOT EXISTS (SELECT 1 FROM ${stage.skipped} s WHERE ${same('k', 's')})
      AND NOT EXISTS (SELECT 1 FROM ${tables.pruned}_attempts t WHERE ${same('k', 't')})`)
  if (input.mode === 'full' && input.dropUncovered)
    await session.query(`
      DELETE FROM cde.skipped_datasets k
      WHERE NOT EXISTS (SELECT 1 FROM ${tables.pruned}_sources o WHERE o.erddap_url = k.erddap_url)`)
}
