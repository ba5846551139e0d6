import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { titleOf } from '../../src/rules/reasons/index.ts'
import { runFact, runSentence, storedRunSentence } from '../../src/rules/reasons/run.ts'
import { factsOf, runMessage } from '../../src/rules/reasons/run-message.ts'
import { shownTitle } from '../../src/rules/reasons/shown-title.ts'
import { runVerdict, sourceVerdict, verdict } from '../../src/rules/verdict.ts'
import { hexagonCentre } from '../../src/serve/hexagons.ts'
import type { RunAttemptRow, RunDetailRow } from '../../src/serve/schemas.ts'
import { sourceSlug } from '../../src/serve/slugs.ts'
import { read, written } from '../../src/web/coastline/numbers.ts'
import { linePoints, niceCeiling, segments } from '../../src/web/model/charts.ts'
import { countReasons, matches, readView, writeView } from '../../src/web/model/datasets.ts'
import { harvestMode } from '../../src/web/model/harvestMode.ts'
import {
  type Box,
  classBounds,
  classOf,
  fitBox,
  hexagonAt,
  hexagonCorners,
  toDegrees,
  toMetres,
  worldMetres,
} from '../../src/web/model/hexagons.ts'
import { applyEvent, groupBySource } from '../../src/web/model/liveRun.ts'
import {
  bboxOf,
  moved,
  viewAfterKey,
  withinMeridians,
  worldsInView,
  zoomed,
} from '../../src/web/model/mapView.ts'
import { lastPart } from '../../src/web/model/path.ts'
import { requestsOf } from '../../src/web/model/requests.ts'
import { datasetLink, slugOf, sourceParts } from '../../src/web/model/sources.ts'
import { duration, localTime, relativeTime, utcTime } from '../../src/web/model/times.ts'
import { drawnTracks, type Track, trackAt, trackName } from '../../src/web/model/tracks.ts'

describe('times', () => {
  test('are shown in the zone and language of the reader, and in UTC', () => {
    const time = '2026-07-01T02:05:09.000Z'
    expect(localTime(time, 'en', 'America/Halifax')).toMatch(/Jun.* 30, 2026.*23:05/)
    expect(localTime(time, 'fr', 'America/Halifax')).toMatch(/30 juin 2026.*23\s?h\s?05|30 juin 2026.*23:05/)
    expect(utcTime(time)).toBe('2026-07-01 02:05:09')
  })

  test.each([
    [30_000, 'now', 'à l’instant'],
    [-3 * 3_600_000, '3 hours ago', 'il y a 3 heures'],
    [-86_400_000, 'yesterday', 'hier'],
    [26 * 60_000, 'in 26 minutes', 'dans 26 minutes'],
    [-400 * 86_400_000, 'last year', 'l’année dernière'],
  ])('%i ms from now are %s', (offset, en, fr) => {
    const now = Date.UTC(2026, 5, 1)
    const time = new Date(now + offset).toISOString()
    expect(relativeTime(time, now, 'en')).toBe(en)
    expect(relativeTime(time, now, 'fr')).toBe(fr)
  })

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1250, '1.3 s'],
    [59_960, '1 min'],
    [200_000, '3 min 20 s'],
    [3_900_000, '1 h 5 min'],
    [7_200_000, '2 h'],
  ])('%i ms last %s', (ms, text) => {
    expect(duration(ms, 'en')).toBe(text)
  })
})

describe('requests', () => {
  test('are encoded again so that they can be followed', () => {
    expect(
      requestsOf(
        'https://a.ca/erddap/tabledap/x.csv?time,latitude&time>=2020-01-01T00:00:00Z&id="a & b+c#1"\n\n https://a.ca/é',
      ),
    ).toEqual([
      {
        text: 'https://a.ca/erddap/tabledap/x.csv?time,latitude&time>=2020-01-01T00:00:00Z&id="a & b+c#1"',
        href: 'https://a.ca/erddap/tabledap/x.csv?time,latitude&time%3E=2020-01-01T00:00:00Z&id=%22a%20%26%20b%2Bc%231%22',
      },
      { text: 'https://a.ca/é', href: 'https://a.ca/%C3%A9' },
    ])
  })

  test('that are no web addresses never become links', () => {
    for (const text of [
      'javascript:alert(1)',
      'data:text/html,x',
      'ftp://a/b',
      '//a.ca',
      'https://',
      'https://a/\ud800',
    ])
      expect(requestsOf(text)[0]?.href ?? null).toBeNull()
    expect(requestsOf(null)).toEqual([])
  })

  test('whatever they hold, a link leads to the host that was asked', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        const [request] = requestsOf(`https://host.example/erddap/${rest.replace(/\n/g, '')}`)
        if (request?.href) expect(new URL(request.href).host).toBe('host.example')
      }),
    )
  })
})

describe('sources', () => {
  test('are named by host and path', () => {
    expect(sourceParts('https://a.ca:8443/erddap/')).toEqual({ host: 'a.ca:8443', path: '/erddap' })
    expect(sourceParts('obis')).toEqual({ host: 'obis', path: '' })
  })

  test('have the same slug here as in the API', () => {
    for (const url of ['https://erddap.ogsl.ca/erddap/', 'http://localhost:8080/erddap', 'https://obis.org'])
      expect(slugOf(url)).toBe(sourceSlug(url))
  })

  test('link to the page of a dataset', () => {
    expect(datasetLink('https://a.ca/erddap', 'x y', 'erddap')).toBe(
      'https://a.ca/erddap/info/x%20y/index.html',
    )
    expect(datasetLink('https://obis.org', 'u-u', 'obis')).toBe('https://obis.org/dataset/u-u')
    expect(datasetLink('javascript:x', 'y', 'erddap')).toBeNull()
  })
})

describe('the harvest mode', () => {
  test('is incremental with a hash, full with a reason, otherwise unknown', () => {
    expect(harvestMode('abc', null)).toEqual({ mode: 'incremental' })
    expect(harvestMode('', 'HASH_NO_FILE_LIST')).toEqual({ mode: 'full', reason: 'HASH_NO_FILE_LIST' })
    expect(harvestMode(null, null)).toEqual({ mode: 'unknown' })
  })

  test('is trusted, and not incremental, where only metadata were compared', () => {
    expect(harvestMode('metadata:abc', 'HASH_NO_FILE_LIST')).toEqual({
      mode: 'trusted',
      reason: 'HASH_NO_FILE_LIST',
    })
  })
})

describe('the list of datasets', () => {
  const dataset = {
    dataset_id: 'Buoy_A',
    status: 'error' as const,
    reason_code: 'HTTP_ERROR',
    error_message: 'GET 500',
    title: 'Buoys of the gulf',
    title_fr: 'Bouées du golfe',
    told: null,
  }

  test('is searched in id, reason, message and title without regard to case and accents', () => {
    for (const search of ['buoy', 'http_', 'get 5', 'BOUÉES du', 'bouee', '', '  '])
      expect([search, matches(dataset, search, 'fr')]).toEqual([search, true])
    for (const language of ['en', 'fr'] as const) expect(matches(dataset, 'nothing', language)).toBe(false)
  })

  test('has titles in the language of the page, and in English where there is no other', () => {
    expect([shownTitle(dataset, 'en'), shownTitle(dataset, 'fr')]).toEqual([
      'Buoys of the gulf',
      'Bouées du golfe',
    ])
    expect(shownTitle({ ...dataset, title_fr: null }, 'fr')).toBe('Buoys of the gulf')
    expect(shownTitle({ title: null, title_fr: null }, 'fr')).toBeNull()
  })

  test('is searched in the words that the page shows, in its language, as they are typed', () => {
    const told = {
      facts: [
        {
          code: 'CDM_DATA_TYPE_UNSUPPORTED',
          values: { cdmDataType: 'Grid', supported: ['TimeSeries', 'Profile'] },
        },
      ],
      warnings: [{ code: 'ROWS_DROPPED', values: { reason: 'no_position', count: 6, ids: ['s4'] } }],
    }
    const skipped = {
      ...dataset,
      status: 'skipped' as const,
      reason_code: 'CDM_DATA_TYPE_UNSUPPORTED',
      error_message: 'cdm_data_type "Grid" is not one of TimeSeries, Profile',
      told,
    }
    const shown = {
      en: ['is not one of', 'Data type not supported', titleOf('en', 'ROWS_DROPPED'), 'of the gulf'],
      fr: ["n'est aucun de", 'n’est AUCUN', 'Type de donnees', '« Grid »', titleOf('fr', 'ROWS_DROPPED')],
    }
    for (const search of shown.en)
      expect([search, matches(skipped, search, 'en'), matches(skipped, search, 'fr')]).toEqual([
        search,
        true,
        false,
      ])
    for (const search of shown.fr)
      expect([search, matches(skipped, search, 'en'), matches(skipped, search, 'fr')]).toEqual([
        search,
        false,
        true,
      ])
    // An attempt of an older version is shown in English on both pages.
    expect(matches({ ...skipped, told: null }, 'is not one of', 'fr')).toBe(true)
  })

  test('has its filter, search and page in the address, and back', () => {
    const before = new URLSearchParams('lang=fr&page=9')
    const view = { status: 'error', search: 'a&b', page: 2 } as const
    const query = writeView(view, before)
    expect(query.toString()).toBe('lang=fr&page=2&status=error&q=a%26b')
    expect(readView(query)).toEqual(view)
    expect(writeView({ status: null, search: '', page: 1 }, query).toString()).toBe('lang=fr')
    expect(readView(new URLSearchParams('status=evil&page=-3'))).toEqual({
      status: null,
      search: '',
      page: 1,
    })
  })

  test('counts reasons of what is not well, most frequent first', () => {
    const of = (reason_code: string, status: 'error' | 'success' = 'error') => ({
      ...dataset,
      reason_code,
      status,
    })
    expect(countReasons([of('B'), of('A'), of('C'), of('C'), of('D', 'success')])).toEqual([
      { reason_code: 'C', n: 2 },
      { reason_code: 'A', n: 1 },
      { reason_code: 'B', n: 1 },
    ])
  })
})

describe('charts', () => {
  test('the parts of a bar fill it, and none that is not empty vanishes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 4 }), (values) => {
        const parts = segments(
          values.map((value, index) => [String(index), value] as const),
          100,
          1.5,
        )
        if (values.every((value) => value === 0)) {
          expect(parts).toEqual([])
          return
        }
        expect(parts.reduce((sum, part) => sum + part.length, 0)).toBeCloseTo(100)
        for (const part of parts) expect(part.length).toBeGreaterThanOrEqual(1.5)
      }),
    )
  })

  test('an axis ends at a round number', () => {
    expect([0, 3, 12, 21, 99, 1001].map(niceCeiling)).toEqual([1, 5, 20, 25, 100, 2000])
    expect(linePoints([0, 5, 10], 100, 10, 10)).toEqual([
      [0, 10],
      [50, 5],
      [100, 0],
    ])
  })
})

describe('hexagons', () => {
  test('degrees and metres are each other’s inverse', () => {
    const [x, y] = toMetres(-63.5, 44.6)
    const [longitude, latitude] = toDegrees(x, y)
    expect([longitude, latitude].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([-63.5, 44.6])
  })

  test('the centre that the server gives for a cell lies in that cell', () => {
    fc.assert(
      fc.property(fc.integer({ min: -130, max: 130 }), fc.integer({ min: -110, max: 110 }), (column, row) => {
        const { longitude, latitude } = hexagonCentre(column, row, 100_000)
        if (Math.abs(latitude) > 85) return
        expect(hexagonAt(...toMetres(longitude, latitude), 100_000)).toEqual({ column, row })
      }),
    )
  })

  test('each corner is an edge away from the centre, the flat side up', () => {
    const corners = hexagonCorners(10, 20, 6)
    for (const [x, y] of corners) expect(Math.hypot(x - 10, y - 20)).toBeCloseTo(6)
    expect(corners.filter(([, y]) => y > 20.1).map(([, y]) => y.toFixed(3))).toEqual(['25.196', '25.196'])
  })

  test('the map begins where the profiles are', () => {
    const box = fitBox([toMetres(-63, 44), toMetres(-60, 48)], 2, 100_000)
    const [x, y] = toMetres(-61.5, 46)
    expect(box.width / box.height).toBeCloseTo(2)
    expect([x > box.x, x < box.x + box.width, y > box.y, y < box.y + box.height]).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(fitBox([], 2, 100_000).width).toBeGreaterThan(3e7)
  })

  test('and where they lie on both sides of the antimeridian, across it', () => {
    for (const [west, east] of [
      [178, -176],
      [176, -178],
    ] as const) {
      const box = fitBox([toMetres(west, -1), toMetres(-179, 0), toMetres(east, 1)], 2, 10_000)
      const degrees = (metres: number) => (metres / worldMetres) * 180
      expect(degrees(box.width)).toBeLessThan(10)
      expect(Math.abs(degrees(box.x + box.width / 2))).toBeCloseTo(179, 6)
      expect(worldsInView(box)).toHaveLength(2)
    }
    // What reaches round the world is shown as the world.
    const round = fitBox(
      [-170, -60, 50, 170].map((longitude) => toMetres(longitude, 0)),
      2,
      10_000,
    )
    expect(round.x + round.width / 2).toBeCloseTo(0)
  })

  test('classes are powers of ten, at most five', () => {
    expect(classBounds([])).toEqual([])
    expect(classBounds([1])).toEqual([1])
    expect(classBounds([3, 250])).toEqual([1, 10, 100, 1000])
    expect(classBounds([5_000_000])).toHaveLength(5)
    const bounds = classBounds([250])
    expect([1, 2, 10, 11, 250].map((count) => classOf(count, bounds))).toEqual([0, 1, 1, 2, 3])
  })
})

test('the numbers of the coastline are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -40_000, max: 40_000 })), (numbers) => {
      const text = written(numbers)
      expect(text).not.toMatch(/[\\"\s]/)
      expect(read(text)).toEqual(numbers)
    }),
  )
})

describe('tracks', () => {
  const feature = (trajectory_id: string, coordinates: Array<Array<[number, number]>> | null) => ({
    type: 'Feature' as const,
    geometry: coordinates && { type: 'MultiLineString' as const, coordinates },
    properties: { dataset_id: 'floats', trajectory_id } as Track,
  })
  const drawn = drawnTracks({
    type: 'FeatureCollection',
    truncated: false,
    features: [
      feature('still', null),
      feature('a', [
        [
          [0, 0],
          [10, 0],
        ],
        [
          [20, 0],
          [30, 0],
        ],
      ]),
      feature('b', [
        [
          [0, 1],
          [30, 1],
        ],
      ]),
    ],
  })
  const at = (longitude: number, latitude: number, within: number) => {
    const [x, y] = toMetres(longitude, latitude)
    return trackAt(drawn, { x, y }, within)?.track.trajectory_id ?? null
  }

  test('are drawn where there is something to draw, and the nearest one is told where one points', () => {
    expect(drawn.map(({ track }) => track.trajectory_id)).toEqual(['a', 'b'])
    expect(at(5, 0.1, 20_000)).toBe('a')
    expect(at(5, 0.4, 100_000)).toBe('a')
    expect(at(5, 0.6, 100_000)).toBe('b')
    expect(at(5, 0.4, 20_000)).toBeNull()
  })

  test('have gaps, where no line is', () => {
    expect(at(15, 0.1, 20_000)).toBeNull()
    expect(at(15, 0.1, 200_000)).toBe('b')
  })

  test('are called by dataset and id, or by dataset alone', () => {
    expect(trackName({ dataset_id: 'floats', trajectory_id: '49001' } as Track)).toBe('floats · 49001')
    expect(trackName({ dataset_id: 'ship', trajectory_id: '' } as Track)).toBe('ship')
  })
})

test.each(['tide 100%/é', 'a%2Fb', 'a/b', '%', 'x#y?z', '%252F', 'Åland & Öar'])(
  'the id %s comes out of its address as it went in',
  (id) => {
    expect(lastPart(`/harvest/dataset/erddap-a-ca/${encodeURIComponent(id)}`)).toBe(id)
  },
)

test('a path that is written by hand is read as far as it goes', () => {
  expect(lastPart('/harvest/dataset/a/100%')).toBe('100%')
})

describe('what a run says of itself', () => {
  const counts = { success: 12, unchanged: 3, skipped: 1, error: 2, decidedByList: 0 }

  test('is said in French, as the verdict makes it', () => {
    const { message } = sourceVerdict(counts, null)
    expect(runMessage('en', message)).toEqual({ text: message, language: 'en' })
    expect(runMessage('fr', message)).toEqual({
      text: '12 moissonnés, 3 inchangés, 1 écarté, 2 échecs sur 18',
      language: 'fr',
    })
    const none = { success: 0, unchanged: 0, skipped: 0, error: 0, decidedByList: 0 }
    const nothing = sourceVerdict(none, null)
    expect(runMessage('fr', nothing.message).text).toBe('rien à moissonner')
    const both = runVerdict([
      { ...sourceVerdict(counts, null), source: 'https://a.ca/erddap' },
      { ...sourceVerdict({ ...none, error: 1 }, null), source: 'https://b.ca/erddap' },
      { ...sourceVerdict({ ...none, success: 4 }, null), source: 'https://c.ca/erddap' },
    ])
    expect(both.message).toBe(
      `2 of 3 sources failed: https://a.ca/erddap: ${message}; https://b.ca/erddap: 1 of 1 failed`,
    )
    expect(runMessage('fr', both.message, both.facts)).toEqual(runMessage('fr', both.message))
    expect(runMessage('fr', both.message)).toEqual({
      text: '2 sources sur 3 en échec : https://a.ca/erddap : 12 moissonnés, 3 inchangés, 1 écarté, 2 échecs sur 18; https://b.ca/erddap : 1 échec sur 1',
      language: 'fr',
    })
  })

  test('is made of its facts, where the sentence alone could not be understood', () => {
    const { message, facts } = verdict(false, [
      runFact('COUNTS', { success: 3, unchanged: 0, skipped: 0, error: 0 }),
      runFact('PRUNE_REFUSED', { source: 'https://a.ca/erddap', lost: 7, total: 9, percent: null }),
      runFact('ROWS_REFUSED', { ids: ['a', 'b'], count: 2 }),
      runFact('OLDER', { count: 1 }),
      runFact('NOT_LOADED', { detail: 'disk full' }),
    ])
    expect(message).toBe(
      '3 harvested; https://a.ca/erddap would lose 7 of its 9 datasets, more than half of them at once: nothing was removed. If that is right, load again with --allow-prune.; 2 datasets had rows refused and keep what they had: a, b; 1 dataset was older than the index and left out; not loaded: disk full',
    )
    expect(runMessage('fr', message)).toEqual({ text: message, language: 'en' })
    expect(runMessage('fr', message, facts)).toEqual({
      text: '3 moissonnés; https://a.ca/erddap perdrait 7 de ses 9 jeux de données, plus de la moitié d’un coup : rien n’a été retiré. Si c’est juste, chargez de nouveau avec --allow-prune.; 2 jeux de données ont vu des lignes refusées et gardent ce qu’ils avaient : a, b; 1 jeu de données était plus ancien que l’index et a été laissé de côté; non chargé : disk full',
      language: 'fr',
    })
    const fault = {
      kind: 'connect',
      fault: 'refused',
      host: 'a.ca',
      detail: '',
      request: 'GET https://a.ca/erddap/tabledap/allDatasets.csv',
      attempts: 3,
    } as const
    expect(runSentence('fr', [runFact('NO_LIST', { fault, remedy: 'See whether it runs.' })])).toMatch(
      /^la liste des jeux de données n’a pas pu être obtenue : .*a\.ca.* \(GET https:\/\/a\.ca\/erddap\/tabledap\/allDatasets\.csv, 3 tentatives\)$/,
    )
    expect(runSentence('en', [runFact('NO_LIST', { fault, remedy: 'See whether it runs.' })])).toMatch(
      /^the list of datasets could not be had: .*a\.ca.*, 3 attempts\)\. See whether it runs\.$/,
    )
    const lists = [
      runFact('LIST_SHORT', { listed: 3, lacking: 20, known: 22 }),
      runFact('LIST_EMPTY', { english: 'the server lists no public tabular dataset, which is not believed' }),
      runFact('NOT_READY', { detail: 'it answers 503' }),
      runFact('CATALOGUE_SHRUNK', { lacking: 30, indexed: 80 }),
      runFact('STOPPED', {}),
    ]
    for (const one of lists) {
      expect(runSentence('fr', [one])).not.toBe(runSentence('en', [one]))
      expect(runSentence('fr', [one])).not.toContain('undefined')
    }
  })

  test('keeps the sentence that stands, where a run was settled otherwise or by another version', () => {
    const facts = [runFact('CANCELLED', {})]
    expect(factsOf('Crashed', facts)).toBeNull()
    expect(factsOf('Cancelled', facts)).toBe(facts)
    expect(storedRunSentence('fr', [{ code: 'OF_TOMORROW', values: {} }])).toBeNull()
    expect(storedRunSentence('fr', [{ code: 'OLDER', values: null }])).toBeNull()
    expect(runMessage('fr', '4 harvested', [{ code: 'OF_TOMORROW', values: {} }]).text).toBe('4 moissonnés')
  })

  test('names who ended it, and leaves what is not ours in its own words', () => {
    expect(runMessage('fr', 'Crashed: nothing was heard of the run for a day')).toEqual({
      text: 'Interrompue : l’exécution n’a plus donné signe de vie depuis un jour',
      language: 'fr',
    })
    expect(
      runMessage('fr', 'the list of datasets could not be had: GET https://a.ca answered 502').text,
    ).toBe('La liste des jeux de données n’a pas pu être obtenue : GET https://a.ca answered 502')
    expect(runMessage('fr', 'Cancelled: by ana').text).toBe('Annulée : par ana')
    for (const strange of [
      'The database cannot be reached',
      '1 of 2 sources failed: https://a.ca: disk full',
      '3 harvested, or so',
    ])
      expect(runMessage('fr', strange)).toEqual({ text: strange, language: 'en' })
  })
})

describe('the view of the map', () => {
  const box: Box = { x: -2_000_000, y: 1_000_000, width: 4_000_000, height: 2_000_000 }

  test('nearer and farther keep what is at the pointer where it is', () => {
    const at = { right: 0.25, down: 0.75 }
    const place = (view: Box) => [view.x + view.width * at.right, view.y + view.height * (1 - at.down)]
    for (const factor of [0.6, 1.2]) {
      const next = zoomed(box, factor, at)
      expect(next.width / box.width).toBeCloseTo(factor)
      expect(next.width / next.height).toBeCloseTo(2)
      expect(place(next)[0]).toBeCloseTo(place(box)[0]!)
      expect(place(next)[1]).toBeCloseTo(place(box)[1]!)
    }
    expect(zoomed(box, 1e-9).width).toBe(100_000)
    expect(zoomed(box, 1e9).width).toBeCloseTo(worldMetres * 2.2)
  })

  test('arrows move it, plus and minus zoom, other keys are left to the page', () => {
    expect(viewAfterKey(box, 'ArrowRight')).toEqual({ ...box, x: -1_400_000 })
    expect(viewAfterKey(box, 'ArrowUp')).toEqual({ ...box, y: 1_300_000 })
    expect(viewAfterKey(box, 'ArrowLeft')).toEqual({ ...box, x: -2_600_000 })
    expect(viewAfterKey(box, 'ArrowDown')).toEqual({ ...box, y: 700_000 })
    expect(viewAfterKey(box, '+')?.width).toBe(2_400_000)
    expect(viewAfterKey(box, '-')?.width).toBeCloseTo(4_000_000 / 0.6)
    expect(viewAfterKey(box, 'Tab')).toBeNull()
  })

  test('the middle of the view stays within the world', () => {
    const far = moved({ ...box, x: worldMetres - 2_100_000 }, 10, 10)
    expect([far.x + far.width / 2, far.y + far.height / 2]).toEqual([worldMetres, worldMetres])
  })

  test('the world repeats itself to the west and the east of its edge', () => {
    expect(worldsInView(box)).toEqual([0])
    expect(worldsInView({ ...box, x: -worldMetres - 1 })).toEqual([-1, 0])
    expect(worldsInView({ ...box, x: worldMetres - 1 })).toEqual([0, 1])
    expect(worldsInView({ ...box, x: -2 * worldMetres, width: 4 * worldMetres })).toEqual([-1, 0, 1])
    expect(worldsInView({ ...box, x: -worldMetres, width: 2 * worldMetres })).toEqual([0])
    expect(withinMeridians(worldMetres + 5)).toBeCloseTo(-worldMetres + 5)
    expect(withinMeridians(-worldMetres - 5)).toBeCloseTo(worldMetres - 5)
    expect(withinMeridians(7)).toBe(7)
  })

  test('is asked for in whole degrees around it, from west to east across the edge of the world too', () => {
    expect(bboxOf(box)).toBe('-18,8,18,27')
    expect(bboxOf({ ...box, x: worldMetres - 1 })).toBe('179,8,-144,27')
    expect(bboxOf({ ...box, x: -worldMetres - 1 })).toBe('179,8,-144,27')
    expect(bboxOf({ ...box, x: worldMetres - box.width })).toBe('144,8,180,27')
    expect(bboxOf({ ...box, x: -worldMetres })).toBe('-180,8,-144,27')
    expect(bboxOf({ ...box, x: -worldMetres - 5, width: 2 * worldMetres + 10 })).toBe('-180,8,180,27')
    expect(bboxOf({ x: -1e6, y: -3e7, width: 2e6, height: 6e7 })).toBe('-9,-89,9,89')
    // The API takes no longitude beyond.
    for (let width = 1e5; width < 2.2 * worldMetres; width *= 1.3)
      for (let x = -2 * worldMetres; x <= 2 * worldMetres - width; x += worldMetres / 7)
        for (const degrees of bboxOf({ ...box, x, width }).split(','))
          expect(Math.abs(+degrees)).toBeLessThanOrEqual(180)
  })
})

describe('a live run', () => {
  const run = { run_id: 'r', status: 'running' } as RunDetailRow
  const attempt = (dataset_id: string, status: RunAttemptRow['status']) =>
    ({ erddap_url: 'https://a.ca', dataset_id, status }) as RunAttemptRow

  test('takes attempts in as they come, in order, and newer ones in the place of older', () => {
    const first = applyEvent(
      { run, attempts: [attempt('a', 'success'), attempt('b', 'success')] },
      { type: 'attempts', attempts: [attempt('c', 'error'), attempt('b', 'skipped')] },
    )
    expect(first.attempts.map((one) => [one.dataset_id, one.status])).toEqual([
      ['c', 'error'],
      ['b', 'skipped'],
      ['a', 'success'],
    ])
    const done = applyEvent(first, {
      type: 'run',
      run: { ...run, status: 'ok' },
      progress: { phase: 'finished', done: 3, total: 3 },
    })
    expect([done.run.status, done.attempts.length]).toEqual(['ok', 3])
    expect(groupBySource(done.attempts).map((group) => [group.erddapUrl, group.attempts.length])).toEqual([
      ['https://a.ca', 3],
    ])
  })
})
