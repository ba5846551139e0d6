import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { variableName } from '../../rules/reasons/variables.ts'
import { api, type Coverage, type Tracks } from '../api.ts'
import { useAmounts } from '../components/map/amounts.ts'
import { HexagonMap } from '../components/map/HexagonMap.tsx'
import { HexagonTable } from '../components/map/HexagonTable.tsx'
import { TrackTable } from '../components/map/TrackTable.tsx'
import { Select } from '../components/Select.tsx'
import { Answer } from '../components/States.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import type { Box } from '../model/hexagons.ts'
import { bboxOf } from '../model/mapView.ts'
import { sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'
import { drawnTracks } from '../model/tracks.ts'

/** Where the harvested profiles are: hexagons and tracks over a coastline, by variable and source. */
export function MapPage() {
  const { t, language } = useWords()
  usePageTitle(t('map.title'))
  const [search, setSearch] = useSearchParams()
  const zoom = search.get('zoom') === '1' ? '1' : '0'
  const asked = new URLSearchParams({ zoom })
  for (const key of ['variable', 'source']) {
    const value = search.get(key)
    if (value) asked.set(key, value)
  }
  const [view, setView] = useState<Box | null>(null)
  const { whole, shown, truncated } = useCoverage(asked.toString(), view)
  const layer = (whole.data?.coverage.n_tracks ?? 0) > 0 && search.get('tracks') !== '0'
  const { tracks, drawn } = useTracksInView(asked, view, layer)
  const set = (key: string, value: string) => {
    const next = new URLSearchParams(search)
    if (value === '') next.delete(key)
    else next.set(key, value)
    setSearch(next, { replace: true })
  }
  return (
    <>
      <div className="title">
        <div>
          <h1>{t('map.title')}</h1>
          {whole.data && <MapLead coverage={whole.data.coverage} truncated={truncated} />}
        </div>
      </div>
      <Answer query={whole}>
        {({ coverage: found, asked: choice }) => (
          <>
            <div className="tools map-tools">
              <Select
                label={t('map.variable')}
                value={search.get('variable') ?? ''}
                onChange={(value) => set('variable', value)}
                options={[
                  ['', t('map.variable.all')],
                  ...found.variables.map((name) => [name, variableName(language, name)] as const),
                ]}
              />
              <Select
                label={t('map.source')}
                value={search.get('source') ?? ''}
                onChange={(value) => set('source', value)}
                options={[
                  ['', t('map.source.all')],
                  ...found.sources.map(
                    ({ slug, erddap_url }) => [slug, sourceParts(erddap_url).host] as const,
                  ),
                ]}
              />
              <Select
                label={t('map.resolution')}
                value={zoom}
                onChange={(value) => set('zoom', value === '0' ? '' : '1')}
                options={[
                  ['0', t('map.resolution.0')],
                  ['1', t('map.resolution.1')],
                ]}
              />
              {found.n_tracks > 0 && (
                <label className="layer">
                  <input
                    type="checkbox"
                    checked={layer}
                    onChange={(event) => set('tracks', event.target.checked ? '' : '0')}
                  />
                  {t('map.tracks')}
                </label>
              )}
            </div>
            {found.hexagons.length === 0 && (
              <p className="note" role="status">
                {t('map.empty')}
              </p>
            )}
            <HexagonMap
              coverage={shown ?? found}
              whole={found}
              tracks={layer ? drawn : null}
              choice={choice}
              onView={setView}
            />
            {tracks && <TracksNote tracks={tracks} drawn={drawn.length} />}
            <HexagonTable coverage={shown ?? found} />
            {tracks && (
              <TrackTable
                tracks={tracks}
                slugOf={(url) => found.sources.find(({ erddap_url }) => erddap_url === url)?.slug}
              />
            )}
          </>
        )}
      </Answer>
    </>
  )
}

function MapLead({ coverage, truncated }: { coverage: Coverage; truncated: boolean }) {
  const { t } = useWords()
  const amounts = useAmounts()
  return (
    <p className="lead" role="status">
      {t('map.lead', {
        profiles: amounts.both(coverage),
        datasets: amounts.datasets(coverage.n_datasets),
      })}
      {truncated && ` · ${t('map.truncated')}`}
    </p>
  )
}

/** What is drawn: all, or, where there is more than can be sent at once, what lies in view. */
function useCoverage(asked: string, view: Box | null) {
  const ask = (query: string) => async () => ({
    asked,
    coverage: await api.coverage(new URLSearchParams(query)),
  })
  const whole = useQuery({
    queryKey: ['coverage', asked],
    queryFn: ask(asked),
    placeholderData: keepPreviousData,
  })
  const cut = whole.data?.coverage.truncated === true
  const inView = view === null ? '' : bboxOf(view)
  const part = useQuery({
    queryKey: ['coverage', asked, inView],
    queryFn: ask(`${asked}&bbox=${inView}`),
    enabled: cut && inView !== '',
    placeholderData: keepPreviousData,
  })
  // What was asked for with another choice is no part of this one.
  const drawn = cut && part.data?.asked === whole.data?.asked ? part.data?.coverage : undefined
  return { whole, shown: drawn, truncated: (drawn ?? whole.data?.coverage)?.truncated === true }
}

/** Tracks are asked for by what is in view, and drawn no finer than it shows. */
function useTracksInView(choice: URLSearchParams, view: Box | null, layer: boolean) {
  const asked = new URLSearchParams(choice)
  asked.delete('zoom')
  if (view !== null) asked.set('bbox', bboxOf(view))
  const query = useQuery({
    queryKey: ['tracks in view', asked.toString()],
    queryFn: () => api.tracksInView(asked),
    enabled: layer && view !== null,
    placeholderData: keepPreviousData,
  })
  const tracks = layer ? query.data : undefined
  const drawn = useMemo(() => (tracks === undefined ? [] : drawnTracks(tracks)), [tracks])
  return { tracks, drawn }
}

/** What the map does not show of the tracks in view. */
function TracksNote({ tracks, drawn }: { tracks: Tracks; drawn: number }) {
  const { t, language } = useWords()
  const count = tracks.features.length
  const said = tracks.truncated
    ? t('map.tracks.truncated', { count, formatted: integer(count, language) })
    : drawn === 0
      ? t('map.tracks.none')
      : null
  return (
    <p className="faint" role="status">
      {said}
    </p>
  )
}
