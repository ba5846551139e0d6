/** How the files of a run folder are read, whoever wrote them and whatever became of them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileExists, readChecked } from '../../src/inventory/load/read.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const header = 'erddap_url,dataset_id,reason_code'

/** Line, cells and faults of each row of a `skipped.csv`. */
async function read(text: string | Buffer, signal?: AbortSignal) {
  await writeFile(join(folder, 'skipped.csv'), text)
  const rows: { line: number; cells: unknown[]; faults: string[] }[] = []
  for await (const { line, cells, faults } of readChecked(folder, 'skipped', signal))
    rows.push({ line, cells, faults: faults.map(({ column, reason }) => `${column}: ${reason}`) })
  return rows
}
const cellsOf = async (text: string) => (await read(text)).map(({ cells }) => cells)

describe('a file', () => {
  const row = ['https://a.example/erddap', 'a', 'X']
  it.each([
    ['of ours', `${header}\n${row}\n`],
    ['of Windows', `${header}\r\n${row}\r\n`],
    ['with a byte order mark', `\ufeff${header}\n${row}\n`],
    ['with empty lines', `${header}\n\n${row}\n\n`],
    [
      'whose columns stand in another order',
      'reason_code,x,dataset_id,erddap_url\nX,7,a,https://a.example/erddap\n',
    ],
    ['with quotation marks', `"erddap_url",dataset_id,reason_code\n"https://a.example/erddap","a","X"\n`],
    ['of Windows with quotation marks', `${header}\r\n"https://a.example/erddap","a","X"\r\n`],
  ])('%s is read', async (_what, text) => {
    expect(await cellsOf(text)).toEqual([row])
  })

  it('may hold line breaks, commas and marks within quotations; a row is where it begins', async () => {
    const rows = await read(
      `${header}\n"https://a.example/erddap","a,\n""b""\n\nc",X\nhttps://a.example/erddap,d,X\n`,
    )
    expect(rows.map(({ line }) => line)).toEqual([2, 6])
    expect(rows[1]!.cells[1]).toBe('d')
  })

  it('longer than what is read at once is read whole', async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `https://a.example/erddap,é${at},X`)
    const cells = await cellsOf(`${header}\n${many.join('\n')}\n`)
    expect(cells).toHaveLength(many.length)
    expect(cells.map(([, id]) => id)).toEqual(many.map((_, at) => `é${at}`))
  })

  it('has rows of as many cells as its header', async () => {
    const faults = async (line: string) => (await read(`${header}\n${line}\n`))[0]!.faults
    expect(await faults('https://a.example/erddap,a,X,Y')).toEqual([': has 4 cells instead of 3'])
    expect((await faults('x'))[0]).toBe(': has 1 cell instead of 3')
  })

  it('shows of a value that is refused what can be shown', async () => {
    await writeFile(
      join(folder, 'verified.csv'),
      `erddap_url,dataset_id,verified_at\nhttps://a.example/erddap,a,\0${'x'.repeat(300)}\n`,
    )
    for await (const { faults } of readChecked(folder, 'verified'))
      expect(faults).toMatchObject([
        {
          datasetId: 'a',
          file: 'verified.csv',
          line: 2,
          column: 'verified_at',
          value: `\\0${'x'.repeat(199)}`,
        },
      ])
  })
})

describe('a file is not loaded', () => {
  it.each([
    ['that is empty', '', 'is empty, without even a header'],
    ['that holds no line', '\n', 'is empty, without even a header'],
    [
      'whose last line does not end',
      `${header}\nhttps://a.example/erddap,a,X`,
      'ends in the middle of a line',
    ],
    ['that lacks a column', 'erddap_url,dataset_id\nx,y\n', 'lacks the column reason_code'],
    ['that lacks columns', 'x\ny\n', 'lacks the columns erddap_url, dataset_id, reason_code'],
    ['whose quotation does not end', `${header}\nx,"y\nz\n`, 'has a quotation in line 2 that does not end'],
    ['with marks where none can be', `${header}\nx,y"z"y,X\n`, 'is no readable CSV at line 2'],
  ])('%s', async (_what, text, why) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'FOLDER_UNREADABLE',
      message: expect.stringContaining(`skipped.csv ${why}`),
    })
  })

  it('whose quotation goes on for longer than any row', async () => {
    const line = `${'x'.repeat(1 << 20)}\n`
    await expect(read(`${header}\nx,"${line.repeat(17)}",X\n`)).rejects.toMatchObject({
      message: expect.stringContaining('has a quotation in line 2 that does not end'),
    })
  })

  it('that is not there', async () => {
    expect(await fileExists(folder, 'ckan')).toBe(false)
    await mkdir(join(folder, 'ckan.csv'))
    expect(await fileExists(folder, 'ckan')).toBe(false)
    const all = async () => {
      for await (const _ of readChecked(folder, 'verified'));
    }
    await expect(all()).rejects.toMatchObject({
      code: 'FOLDER_UNREADABLE',
      message: expect.stringContaining('verified.csv cannot be read'),
    })
  })

  it('once the load is cancelled', async () => {
    const text = `${header}\nhttps://a.example/erddap,a,X\n`
    await expect(read(text, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
