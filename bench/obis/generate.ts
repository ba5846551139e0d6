/** Makes a parquet file as OBIS publishes them: the wanted columns in a struct among others, snappy, large row groups. */

import { DuckDBInstance } from '@duckdb/node-api'

/** Occurrences at the stations of surveys: each station has its own fauna, in which few species are common; some lack date, depth or name. */
export async function generateOccurrences(path: string, rows: number, stations = 60_000): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  try {
    await connection.run(`SELECT setseed(0.42)`)
    await connection.run(`
      CREATE TABLE stations AS
        SELECT row_number() OVER () - 1 AS station,
          round(40 + 30 * random() * random(), 5) AS lat, round(-140 + 90 * random(), 5) AS lon,
          (random() * 1.7e12)::bigint AS visited, (random() * 2500)::int AS fauna
        FROM range(${stations})`)
    await connection.run(`
      COPY (
        SELECT uuid()::varchar AS id,
          {
            'basisOfRecord': 'HumanObservation',
            'decimalLatitude': lat,
            'decimalLongitude': lon,
            'date_start': CASE WHEN random() < 0.97 THEN visited + (random() * 1e9)::bigint END,
            'date_end': CASE WHEN random() < 0.95 THEN visited + 1000000000 + (random() * 1e9)::bigint END,
            'minimumDepthInMeters': CASE WHEN random() < 0.7 THEN round(random() * 500, 1) END,
            'maximumDepthInMeters': CASE WHEN random() < 0.7 THEN round(500 + random() * 500, 1) END,
            'scientificName': CASE WHEN random() < 0.99 THEN 'Species number ' || (fauna + 400 * pow(random(), 3))::int END,
            'scientificNameID': 'urn:lsid:marinespecies.org:taxname:' || (random() * 1e6)::int,
            'eventID': uuid()::varchar
          } AS interpreted
        FROM range(${rows}) AS occurrence(number) JOIN stations ON station = (number * 7919) % ${stations}
      ) TO '${path}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 250000)`)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The same aggregation by DuckDB. Returns how many cells there are and a few sums to hold against ours. */
export async function aggregateByDuckDb(
  path: string,
  threads = 2,
): Promise<{ cells: number; occurrences: number; names: number; ms: number }> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) })
  const connection = await instance.connect()
  try {
    const start = performance.now()
    const answer = await connection.runAndReadAll(`
      WITH occurrences AS (
        SELECT interpreted.decimalLatitude AS lat, interpreted.decimalLongitude AS lon, interpreted.date_start AS a,
          interpreted.date_end AS b, interpreted.minimumDepthInMeters AS c, interpreted.maximumDepthInMeters AS d,
          interpreted.scientificName AS name
        FROM read_parquet('${path}')
      ), cells AS (
        SELECT round(round(lat * 12) / 12, 8) AS latitude, round(round(lon * 12) / 12, 8) AS longitude,
          count(*) AS n, min(a) AS time_min, max(b) AS time_max,
          coalesce(min(c), 0) AS depth_min, coalesce(max(d), 0) AS depth_max,
          list_sort(list(DISTINCT name) FILTER (name IS NOT NULL)) AS names
        FROM occurrences WHERE round(abs(lat) * 12) <= 1020 AND abs(lon) <= 180
        GROUP BY 1, 2 ORDER BY 1, 2
      )
      SELECT count(*)::int AS cells, sum(n)::double AS occurrences, sum(len(names))::double AS names,
        sum(time_min)::double AS a, sum(depth_max)::double AS b FROM cells`)
    const ms = performance.now() - start
    const [cells, occurrences, names] = answer.getRows()[0] as [number, number, number]
    return { cells, occurrences, names, ms }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
