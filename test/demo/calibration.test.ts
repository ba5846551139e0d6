import { readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DemoDataset } from '../../src/demo/dataset.ts'
import type { ErddapServer } from '../../src/demo/erddap.ts'
import { startErddap } from '../../src/demo/erddap.ts'
import { recorded, recordedDatasets, recordedFolder } from './recorded.ts'

const recordedBase = 'http://127.0.0.1:8180/erddap'

/** When the recorded server published its source files, and when one of them was touched. */
const filesKnownFrom = ['all_files_column', 'croissant_', 'files_', 'manifest_']
const touchedAt = 1_795_248_736_645

/** The only answers whose body is compared in part. */
const comparedInPart: Record<string, (body: string) => unknown> = {
  // The attributes of the list itself are a few of ERDDAP's.
  info_allDatasets: (body) => body.split('\n').filter((line) => line.startsWith('variable,')),
  info_index: (body) => body.split('\n').filter((line) => !line.endsWith(',allDatasets')),
  // The context, and what describes the variables a second time, is left out.
  croissant_profile_300: croissantCore,
  croissant_ts_multi: croissantCore,
  croissant_ts_single_res: croissantCore,
  // To the millisecond of the recording.
  all_enc: withoutAge,
  all_raw: withoutAge,
  rss_ts_multi: withoutMoment,
  // The recording followed the redirect and holds the body of the second answer.
  distinct_remote_followed: () => 'redirected',
  // The recording shows the headers as the body.
  head_distinct: () => 'no body',
  rows_gzip: (body) => gunzipSync(Buffer.from(body, 'latin1')).toString('latin1'),
}

function croissantCore(body: string): unknown {
  const core = JSON.parse(body) as Record<string, unknown>
  const { '@type': type, name, headline, isLiveDataset, distribution, recordSet, url, license } = core
  return { type, name, headline, isLiveDataset, distribution, recordSet, url, license }
}

function withoutAge(body: string): string {
  return body.replace(/(now-3days),[\d.E-]+/, '$1,AGE')
}

/** The moment a feed tells, which is when its server started: said twice, in two ways, and the same in both. */
function withoutMoment(body: string): string {
  const date = /<pubDate>(.*)<\/pubDate>/.exec(body)?.[1] ?? ''
  const moment = new Date(date)
  if (moment.toUTCString() !== date) return `${body}: "${date}" is no date of a feed`
  return body.replace(date, 'MOMENT').replace(`${moment.toISOString().slice(0, 19)}Z`, 'MOMENT')
}

const names = readdirSync(recordedFolder)
  .filter((name) => name.endsWith('.req'))
  .map((name) => name.slice(0, -4))

interface Received {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

/** Encodes what the recording client encoded before it asked. */
function encoded(path: string): string {
  return path.replace(/["<>\\ ]/g, (character) => encodeURIComponent(character))
}

describe('the look-alike answers as the recorded ERDDAP did', () => {
  let server: ErddapServer
  let serverWithFiles: ErddapServer
  let starting: ErddapServer

  beforeAll(async () => {
    const start = (datasets: DemoDataset[]) => startErddap({ datasets, publicUrl: recordedBase })
    server = await start(recordedDatasets().map(({ files: _, ...dataset }) => dataset))
    serverWithFiles = await start(recordedDatasets())
    serverWithFiles.touchFile('ts_multi', 'ts_multi.csv', touchedAt)
    starting = await start(recordedDatasets())
    starting.setPhase('unknown')
  })
  afterAll(() => Promise.all([server, serverWithFiles, starting].map((one) => one.close())))

  function serverOf(name: string): ErddapServer {
    if (name.startsWith('starting_')) return starting
    return filesKnownFrom.some((prefix) => name.startsWith(prefix)) ? serverWithFiles : server
  }

  function ask(name: string): Promise<Received> {
    const path = recorded(name, 'req').trim().slice('http://127.0.0.1:8180'.length)
    const headers = name === 'rows_gzip' ? { 'accept-encoding': 'gzip' } : {}
    const method = name.startsWith('head_') ? 'HEAD' : 'GET'
    return new Promise((resolve, reject) => {
      request(`${serverOf(name).origin}${encoded(path)}`, { method, headers }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(pieces).toString('latin1'),
          }),
        )
      })
        .on('error', reject)
        .end()
    })
  }

  it.each(names)('%s', async (name) => {
    const answer = await ask(name)
    const head = recorded(name, 'headers').split(/\r?\n\r?\n/)[0] ?? ''
    expect(answer.status).toBe(Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]))
    for (const header of [
      'Content-Type',
      'Content-Encoding',
      'Content-Description',
      'Location',
      'xdods-server',
      'erddap-server',
    ]) {
      expect(`${header}: ${answer.headers[header.toLowerCase()] ?? ''}`).toBe(
        `${header}: ${new RegExp(`^${header}: (.*?)\\r?$`, 'mi').exec(head)?.[1] ?? ''}`,
      )
    }
    const part = comparedInPart[name] ?? ((body: string) => body)
    expect(part(answer.body)).toEqual(part(recorded(name, 'body')))
  })

  it('err_429, which was recorded without its request', async () => {
    const busy = await startErddap({ datasets: [], maxActive: 0 })
    try {
      const answer = await fetch(`${busy.url}/version`)
      expect(answer.status).toBe(429)
      expect(answer.headers.get('retry-after')).toBeNull()
      expect(await answer.text()).toBe(recorded('err_429', 'body'))
    } finally {
      await busy.close()
    }
  })
})
