import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { variableName } from '../../rules/reasons/variables.ts'
import { api, type Coverage } from '../api.ts'
import { again, rings } from '../coastline/coastline.generated.ts'
import { Icon } from '../components/Icon.tsx'
import { Answer } from '../components/States.tsx'
import { usePageTitle } from '../components/usePage.ts'
import { useWords } from '../language.ts'
import {
  type Box,
  classBounds,
  classOf,
  fitBox,
  hexagonAt,
  hexagonCorners,
  toDegrees,
  toMetres,
  withinWorld,
  worldMetres,
} from '../model/hexagons.ts'
import { sourceParts } from '../model/sources.ts'
import { integer } from '../model/times.ts'

/** Where the harvested profiles are: hexagons over a coastline, by variable and source. */
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
  // Only where there are more hexagons than can be sent are those in view asked for by themselves.
  const [tooMany, setTooMany] = useState(false)
  if (tooMany && view !== null) asked.set('bbox', bboxOf(view))
  const coverage = useQuery({
    queryKey: ['coverage', asked.toString()],
    queryFn: () => api.coverage(asked),
    placeholderData: keepPreviousData,
  })
  useEffect(() => {
    if (coverage.data?.truncated) setTooMany(true)
  }, [coverage.data])
  const set = (key: string, value: string) => {
    setTooMany(false)
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
          {coverage.data && <MapLead coverage={coverage.data} />}
        </div>
      </div>
      <Answer query={coverage}>
        {(found) => (
          <>
            <div className="tools map-tools">
              <Choice
                label={t('map.variable')}
                value={search.get('variable') ?? ''}
                onChange={(value) => set('variable', value)}
                options={[
                  ['', t('map.variable.all')],
                  ...found.variables.map((name) => [name, variableName(language, name)] as const),
                ]}
              />
              <Choice
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
              <Choice
                label={t('map.resolution')}
                value={zoom}
                onChange={(value) => set('zoom', value === '0' ? '' : '1')}
                options={[
                  ['0', t('map.resolution.0')],
                  ['1', t('map.resolution.1')],
                ]}
              />
            </div>
            {found.hexagons.length === 0 && (
              <p className="note" role="status">
                {t('map.empty')}
              </p>
            )}
            <HexagonMap
              coverage={found}
              choice={`${zoom} ${search.get('variable')} ${search.get('source')}`}
              onView={setView}
            />
            <HexagonTable coverage={found} />
          </>
        )}
      </Answer>
    </>
  )
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: string
  options: ReadonlyArray<readonly [value: string, text: string]>
  onChange: (value: string) => void
}) {
  const id = useId()
  return (
    <div className="choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([code, text]) => (
          <option key={code} value={code}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

function useAmounts() {
  const { t, language } = useWords()
  return {
    /** Profiles are profiles and cells are cells: each is named where it is there. */
    both: ({ n_profiles, n_cells }: { n_profiles: number; n_cells: number }) =>
      [
        ...(n_profiles > 0 || n_cells === 0
          ? [t('map.profiles', { count: n_profiles, formatted: integer(n_profiles, language) })]
          : []),
        ...(n_cells > 0 ? [t('map.cells', { count: n_cells, formatted: integer(n_cells, language) })] : []),
      ].join(' + '),
    datasets: (n: number) => t('map.datasets', { count: n, formatted: integer(n, language) }),
  }
}

function MapLead({ coverage }: { coverage: Coverage }) {
  const { t } = useWords()
  const amounts = useAmounts()
  return (
    <p className="lead" role="status">
      {t('map.lead', {
        profiles: amounts.both(coverage),
        datasets: amounts.datasets(coverage.n_datasets),
      })}
      {coverage.truncated && ` · ${t('map.truncated')}`}
    </p>
  )
}

type Hexagon = Coverage['hexagons'][number]

/** Land as one path, in kilometres of EPSG:3857 with y down, as an SVG has it. */
const landPath: string = [
  ...rings.map((ring) => ringPath(ring, 0)),
  ...again.map(([index, degrees]) => ringPath(rings[index] ?? [], degrees)),
].join('')

function ringPath(ring: readonly number[], shift: number): string {
  let [longitude, latitude] = [shift, 0]
  let path = ''
  for (let index = 0; index + 1 < ring.length; index += 2) {
    longitude += (ring[index] ?? 0) / 100
    latitude += (ring[index + 1] ?? 0) / 100
    const [x, y] = toMetres(longitude, latitude)
    path += `${index === 0 ? 'M' : 'L'}${(x / 1000).toFixed(1)} ${(-y / 1000).toFixed(1)}`
  }
  return `${path}Z`
}

function pathOf(hexagons: readonly Hexagon[], edge: number): string {
  return hexagons
    .map((hexagon) => {
      const [x, y] = toMetres(hexagon.longitude, hexagon.latitude)
      return `M${hexagonCorners(x, y, edge)
        .map(([cx, cy]) => `${(cx / 1000).toFixed(2)} ${(-cy / 1000).toFixed(2)}`)
        .join('L')}Z`
    })
    .join('')
}

const aspect = 2

/** Classes spread over the five shades, so that two neighbours can be told apart. */
function shade(index: number, classes: number): number {
  return classes === 1 ? 3 : Math.round((index / (classes - 1)) * 4)
}

/** West, south, east and north of a part of the world, a little rounded so that small moves ask nothing new. */
function bboxOf(box: Box): string {
  const [west, south] = toDegrees(Math.max(box.x, -worldMetres), box.y)
  const [east, north] = toDegrees(Math.min(box.x + box.width, worldMetres), box.y + box.height)
  return [Math.floor(west), Math.floor(south), Math.ceil(east), Math.ceil(north)].join(',')
}

const amountOf = (hexagon: Hexagon): number => hexagon.n_profiles + hexagon.n_cells
/** How long the view must have been still before it is told. */
const stillMs = 400

function HexagonMap({
  coverage,
  choice,
  onView,
}: {
  coverage: Coverage
  /** What is shown: another choice is looked at as a whole again. */
  choice: string
  onView: (box: Box) => void
}) {
  const { t, language } = useWords()
  const amounts = useAmounts()
  const edge = coverage.edge_metres
  const frame = useRef<SVGSVGElement>(null)
  const whole = useMemo(
    () =>
      fitBox(
        coverage.hexagons.map((hexagon) => toMetres(hexagon.longitude, hexagon.latitude)),
        aspect,
        edge,
      ),
    [coverage.hexagons, edge],
  )
  const [box, setBox] = useState<Box>(whole)
  const [hovered, setHovered] = useState<{ hexagon: Hexagon; left: number; top: number } | null>(null)
  const drag = useRef<{ x: number; y: number; box: Box } | null>(null)

  const fitted = useRef('')
  useEffect(() => {
    // What comes for a part of the world must not throw the reader back to the whole of it.
    if (fitted.current === choice) return
    fitted.current = choice
    setBox(whole)
  }, [whole, choice])
  useEffect(() => {
    const timer = setTimeout(() => onView(box), stillMs)
    return () => clearTimeout(timer)
  }, [box, onView])

  const bounds = useMemo(() => classBounds(coverage.hexagons.map(amountOf)), [coverage.hexagons])
  const classes = useMemo(
    () =>
      bounds.map((_, index) =>
        pathOf(
          coverage.hexagons.filter((hexagon) => classOf(amountOf(hexagon), bounds) === index),
          edge,
        ),
      ),
    [coverage.hexagons, bounds, edge],
  )
  const byCell = useMemo(() => {
    const cells = new Map<string, Hexagon>()
    for (const hexagon of coverage.hexagons) {
      const { column, row } = hexagonAt(...toMetres(hexagon.longitude, hexagon.latitude), edge)
      cells.set(`${column} ${row}`, hexagon)
    }
    return cells
  }, [coverage.hexagons, edge])

  const zoomBy = (factor: number, at?: { fx: number; fy: number }) =>
    setBox((before) => {
      const width = Math.max(100_000, Math.min(worldMetres * 2.2, before.width * factor))
      const scale = width / before.width
      const { fx, fy } = at ?? { fx: 0.5, fy: 0.5 }
      return withinWorld({
        x: before.x + before.width * fx * (1 - scale),
        y: before.y + before.height * (1 - fy) * (1 - scale),
        width,
        height: before.height * scale,
      })
    })
  const moveBy = (right: number, up: number) =>
    setBox((before) =>
      withinWorld({ ...before, x: before.x + right * before.width, y: before.y + up * before.height }),
    )
  const onKey = (event: KeyboardEvent) => {
    const step = moves[event.key]
    if (step) moveBy(...step)
    else if (event.key === '+' || event.key === '=') zoomBy(0.6)
    else if (event.key === '-') zoomBy(1 / 0.6)
    else return
    event.preventDefault()
  }
  const wheel = useRef(zoomBy)
  wheel.current = zoomBy
  useEffect(() => {
    const svg = frame.current
    if (!svg) return
    // React's own listener may not keep the page from scrolling.
    const onWheel = (event: globalThis.WheelEvent) => {
      // A page is scrolled without a key: the map takes the wheel when it has the focus, or with Ctrl.
      if (!event.ctrlKey && document.activeElement !== svg) return
      event.preventDefault()
      const around = svg.getBoundingClientRect()
      wheel.current(event.deltaY > 0 ? 1.2 : 1 / 1.2, {
        fx: (event.clientX - around.left) / around.width,
        fy: (event.clientY - around.top) / around.height,
      })
    }
    svg.addEventListener('wheel', onWheel, { passive: false })
    return () => svg.removeEventListener('wheel', onWheel)
  }, [])

  // A hexagon of less than some six pixels on a screen of a thousand.
  const tiny = edge / box.width < 0.003 ? ' tiny' : ''

  const place = (event: PointerEvent) => {
    const around = frame.current?.getBoundingClientRect()
    if (!around) return null
    const fx = (event.clientX - around.left) / around.width
    const fy = (event.clientY - around.top) / around.height
    return { fx, fy, left: event.clientX - around.left, top: event.clientY - around.top, around }
  }

  const move = (event: PointerEvent) => {
    const at = place(event)
    if (!at) return
    if (drag.current) {
      const { x, y, box: from } = drag.current
      setBox(
        withinWorld({
          ...from,
          x: from.x - ((event.clientX - x) / at.around.width) * from.width,
          y: from.y + ((event.clientY - y) / at.around.height) * from.height,
        }),
      )
      return
    }
    const { column, row } = hexagonAt(box.x + at.fx * box.width, box.y + (1 - at.fy) * box.height, edge)
    const hexagon = byCell.get(`${column} ${row}`)
    setHovered(hexagon ? { hexagon, left: at.left, top: at.top } : null)
  }

  return (
    <figure className="map">
      <div className="map-frame">
        <svg
          ref={frame}
          role="img"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the map
          tabIndex={0}
          onKeyDown={onKey}
          aria-label={t('map.figure')}
          viewBox={`${box.x / 1000} ${-(box.y + box.height) / 1000} ${box.width / 1000} ${box.height / 1000}`}
          onPointerMove={move}
          onPointerLeave={() => {
            drag.current = null
            setHovered(null)
          }}
          onPointerDown={(event) => {
            if (event.pointerType !== 'mouse') return
            event.currentTarget.setPointerCapture(event.pointerId)
            drag.current = { x: event.clientX, y: event.clientY, box }
          }}
          onPointerUp={() => {
            drag.current = null
          }}
        >
          <path className="land" d={landPath} />
          {classes.map((path, index) => (
            <path key={bounds[index]} className={`hex hex-${shade(index, bounds.length)}${tiny}`} d={path} />
          ))}
          {hovered && <path className="hex-hover" d={pathOf([hovered.hexagon], edge)} />}
        </svg>
        <div className="map-buttons">
          <MapButton label={t('map.zoomIn')} icon="plus" onClick={() => zoomBy(0.6)} />
          <MapButton label={t('map.zoomOut')} icon="minus" onClick={() => zoomBy(1 / 0.6)} />
          <MapButton label={t('map.reset')} icon="frame" onClick={() => setBox(whole)} />
        </div>
        {hovered && (
          <Tip left={hovered.left} top={hovered.top}>
            {t('map.hover', {
              profiles: amounts.both(hovered.hexagon),
              datasets: amounts.datasets(hovered.hexagon.n_datasets),
            })}
          </Tip>
        )}
      </div>
      <figcaption className="legend">
        <span>{t('map.legend')}</span>
        {bounds.map((bound, index) => {
          const from = (bounds[index - 1] ?? 0) + 1
          return (
            <span key={bound} className="legend-item">
              <svg viewBox="0 0 20 18" width="20" height="18" aria-hidden="true">
                <path
                  className={`hex hex-${shade(index, bounds.length)}`}
                  d="M19 9L14.5 16.8L5.5 16.8L1 9L5.5 1.2L14.5 1.2Z"
                />
              </svg>
              {from === bound
                ? integer(bound, language)
                : `${integer(from, language)}–${integer(bound, language)}`}
            </span>
          )
        })}
      </figcaption>
    </figure>
  )
}

function MapButton({
  label,
  icon,
  onClick,
}: {
  label: string
  icon: 'plus' | 'minus' | 'frame'
  onClick: () => void
}) {
  return (
    <button type="button" className="icon-only" title={label} aria-label={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
}

/** Placed through the style object, which a strict style policy allows and an attribute would not be. */
function Tip({ left, top, children }: { left: number; top: number; children: string }) {
  return (
    <div className="tip" style={{ left, top }} aria-hidden="true">
      {children}
    </div>
  )
}

/** Shares of the view: to the right, and up. */
const moves: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-0.15, 0],
  ArrowRight: [0.15, 0],
  ArrowUp: [0, 0.15],
  ArrowDown: [0, -0.15],
}

const tableRows = 100

function HexagonTable({ coverage }: { coverage: Coverage }) {
  const { t, language } = useWords()
  const degrees = (value: number) =>
    new Intl.NumberFormat(language === 'fr' ? 'fr-CA' : 'en-CA', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    }).format(value)
  const rows = [...coverage.hexagons].sort((a, b) => amountOf(b) - amountOf(a)).slice(0, tableRows)
  if (rows.length === 0) return null
  return (
    <details className="panel map-table">
      <summary>{t('map.table')}</summary>
      <table>
        <caption>
          {t('map.table.shown', {
            shown: integer(rows.length, language),
            total: integer(coverage.hexagons.length, language),
          })}
        </caption>
        <thead>
          <tr>
            <th scope="col" className="right">
              {t('map.table.latitude')}
            </th>
            <th scope="col" className="right">
              {t('map.table.longitude')}
            </th>
            <th scope="col" className="right">
              {t('map.table.profiles')}
            </th>
            <th scope="col" className="right">
              {t('biology.cells')}
            </th>
            <th scope="col" className="right">
              {t('map.table.datasets')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((hexagon) => (
            <tr key={`${hexagon.longitude} ${hexagon.latitude}`}>
              <td className="right">{degrees(hexagon.latitude)}°</td>
              <td className="right">{degrees(hexagon.longitude)}°</td>
              <td className="right">{integer(hexagon.n_profiles, language)}</td>
              <td className="right">{integer(hexagon.n_cells, language)}</td>
              <td className="right">{integer(hexagon.n_datasets, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
