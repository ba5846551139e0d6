import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compare, renderComparison } from '../../src/operate/compare/compare.ts'
import { holdingsOfFolder, keyOf } from '../../src/operate/compare/holdings.ts'
import { harvester } from '../acceptance/run.ts'

const top = mkdtempSync(join(tmpdir(), 'harvester-compare-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))

function folder(files: Record<string, string>): string {
  const made = mkdtempSync(join(top, 'run-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, `${name}.csv`), text)
  return made
}

/** As the Python harvester writes: a slash at the end of addresses, its own lists and times. */
const old = folder({
  datasets: `erddap_url,dataset_id,title,eovs,organizations
https://ERDDAP.example.org/erddap/,same,A title,"['b', 'a']","['Institute, of Examples']"
https://erddap.example.org/erddap/,moved,Another,[],[]
https://erddap.example.org/erddap/,gone,Gone,[],[]
`,
  profiles: `erddap_url,dataset_id,latitude,longitude,depth_min,depth_max,time_min,time_max,n_records
https://erddap.example.org/erddap/,same,45,-60,0,10,2020-01-01 00:00:00,2020-01-02 00:00:00+00:00,24
https://erddap.example.org/erddap/,same,46.00004,-61,,,2020-01-03 00:00:00,2020-01-04 00:00:00,24
https://erddap.example.org/erddap/,moved,45,-60,0,10,2020-01-01 00:00:00,2020-01-02 00:00:00,24
`,
})
const next = folder({
  datasets: `erddap_url,dataset_id,title,eovs,organizations
http://erddap.example.org/erddap,same,A title,"[""a"",""b""]","[""Institute, of Examples""]"
https://erddap.example.org/erddap,moved,Another,"[""a""]",[]
https://erddap.example.org/erddap,new,New,[],[]
`,
  profiles: `erddap_url,dataset_id,latitude,longitude,depth_min,depth_max,time_min,time_max,n_records
https://erddap.example.org/erddap,same,45,-60,0,10,2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,24
https://erddap.example.org/erddap,same,46,-61,,,2020-01-03T00:00:00Z,2020-01-04T00:00:00Z,24
https://erddap.example.org/erddap,moved,45,-60,0,10,2020-01-01T00:00:00Z,2020-02-02T00:00:00Z,0
`,
  skipped: 'erddap_url,dataset_id,reason_code\nhttps://erddap.example.org/erddap,gone,MISSING_CF_ROLE\n',
})

describe('two indexes', () => {
  it('are held against each other dataset by dataset, however either writes', async () => {
    const result = compare(await holdingsOfFolder(old), await holdingsOfFolder(next))
    expect(result).toEqual({
      same: 1,
      differences: [
        { kind: 'only-old', dataset: 'erddap.example.org/erddap gone', reason: 'MISSING_CF_ROLE' },
        {
          kind: 'differs',
          dataset: 'erddap.example.org/erddap moved',
          facts: [
            { name: 'eovs', old: '', new: 'a' },
            { name: 'records', old: '24', new: '0' },
            { name: 'time_max', old: '2020-01-02T00:00:00Z', new: '2020-02-02T00:00:00Z' },
          ],
        },
        { kind: 'only-new', dataset: 'erddap.example.org/erddap new', reason: null },
      ],
    })
    expect(renderComparison(result)).toBe(`erddap.example.org/erddap gone
  only in OLD; NEW: MISSING_CF_ROLE
erddap.example.org/erddap moved
  eovs: (nothing) → a
  records: 24 → 0
  time_max: 2020-01-02T00:00:00Z → 2020-02-02T00:00:00Z
erddap.example.org/erddap new
  only in NEW; OLD does not say why
1 dataset is the same, 1 differs, 1 is only in OLD, 1 only in NEW.`)
  })

  it('name a server alike by whatever address', () => {
    const names = ['https://A.b/erddap', 'http://a.b/erddap/', ' HTTPS://a.b:443/erddap//'].map((url) =>
      keyOf(url, 'x'),
    )
    expect(new Set(names)).toEqual(new Set(['a.b/erddap x']))
  })

  it('end the command with 0 where nothing differs, else with 1; a folder without CSVs is named', async () => {
    expect(await harvester(['compare', old, old], top)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 datasets are the same'),
    })
    expect(await harvester(['compare', old, next, '--json'], top)).toMatchObject({ code: 1 })
    const ended = await harvester(['compare', old, top], top)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/profiles\.csv is not there\n {2}Name a folder/)
  })
})
