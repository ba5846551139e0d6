import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useWords } from '../../language.ts'
import { type Box, withinWorld, worldMetres } from '../../model/hexagons.ts'
import { viewAfterKey, withinMeridians, worldsInView, zoomed } from '../../model/mapView.ts'
import { Icon } from '../Icon.tsx'
import { landPath } from './paths.ts'

/** Width over height of the part of the world that is shown at first. */
export const mapAspect = 2
/** How near to a line the pointer must be to be on it. */
export const nearPixels = 6
/** How long the view must have been still before it is told. */
const stillMs = 400

/**
 * A world that is moved and zoomed by pointer, wheel, keys and buttons, with layers over its land. What the layers
 * draw is in kilometres of EPSG:3857 with y down, and is drawn again wherever the world repeats itself.
 */
export function MapFrame({
  label,
  whole,
  choice,
  onView,
  onPoint,
  tip,
  children,
}: {
  label: string
  /** What is shown at first. */
  whole: Box
  /** What the map is about: another choice is looked at as a whole again. */
  choice: string
  /** Told when the view has come to rest. */
  onView?: (box: Box) => void
  /** Where the pointer is, in metres between the meridians ±180; null when it left. */
  onPoint?: (point: { x: number; y: number; metresPerPixel: number } | null) => void
  /** What is said beside the pointer. */
  tip?: string | null
  /** Layers; they are given the view, for what depends on the scale. */
  children: (box: Box) => ReactNode
}) {
  const { t } = useWords()
  const frame = useRef<SVGSVGElement>(null)
  const [box, setBox] = useState<Box>(whole)
  const [pointer, setPointer] = useState<{ left: number; top: number } | null>(null)
  const drag = useRef<{ x: number; y: number; box: Box } | null>(null)

  const fitted = useRef('')
  useEffect(() => {
    // What comes for a part of the world must not throw the reader back to the whole of it.
    if (fitted.current === choice) return
    fitted.current = choice
    setBox(whole)
  }, [whole, choice])
  useEffect(() => {
    const timer = setTimeout(() => onView?.(box), stillMs)
    return () => clearTimeout(timer)
  }, [box, onView])
  useWheel(frame, setBox)

  const onKey = (event: KeyboardEvent) => {
    const next = viewAfterKey(box, event.key)
    if (next === null) return
    setBox(next)
    event.preventDefault()
  }
  const leave = () => {
    drag.current = null
    setPointer(null)
    onPoint?.(null)
  }
  const move = (event: PointerEvent) => {
    const place = placeOf(frame.current, event)
    if (!place) return
    if (drag.current) {
      const { x, y, box: from } = drag.current
      setBox(
        withinWorld({
          ...from,
          x: from.x - (event.clientX - x) * place.metresPerPixel,
          y: from.y + (event.clientY - y) * place.metresPerPixel,
        }),
      )
      return
    }
    setPointer({ left: place.left, top: place.top })
    onPoint?.({ x: withinMeridians(place.x), y: place.y, metresPerPixel: place.metresPerPixel })
  }
  const layers = children(box)
  return (
    <div className="map-frame">
      <svg
        ref={frame}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the map
        tabIndex={0}
        onKeyDown={onKey}
        aria-label={label}
        viewBox={`${box.x / 1000} ${-(box.y + box.height) / 1000} ${box.width / 1000} ${box.height / 1000}`}
        onPointerMove={move}
        onPointerLeave={leave}
        onPointerDown={(event) => {
          if (event.pointerType !== 'mouse') return
          event.currentTarget.setPointerCapture(event.pointerId)
          drag.current = { x: event.clientX, y: event.clientY, box }
        }}
        onPointerUp={() => {
          drag.current = null
        }}
      >
        {worldsInView(box).map((world) => (
          <g key={world} transform={`translate(${(world * 2 * worldMetres) / 1000} 0)`}>
            <path className="land" d={landPath} />
          </g>
        ))}
        {worldsInView(box).map((world) => (
          <g key={world} className="layers" transform={`translate(${(world * 2 * worldMetres) / 1000} 0)`}>
            {layers}
          </g>
        ))}
      </svg>
      <div className="map-buttons">
        <MapButton label={t('map.zoomIn')} icon="plus" onClick={() => setBox(zoomed(box, 0.6))} />
        <MapButton label={t('map.zoomOut')} icon="minus" onClick={() => setBox(zoomed(box, 1 / 0.6))} />
        <MapButton label={t('map.reset')} icon="frame" onClick={() => setBox(whole)} />
      </div>
      {pointer && tip && (
        // Placed through the style object, which a strict style policy allows and an attribute would not be.
        <div className="tip" style={pointer} aria-hidden="true">
          {tip}
        </div>
      )}
    </div>
  )
}

/** Where in the world an event is. The SVG may be higher or wider than its view, so its own transform is asked. */
function placeOf(svg: SVGSVGElement | null, event: { clientX: number; clientY: number }) {
  const screen = svg?.getScreenCTM()
  if (!svg || !screen) return null
  const around = svg.getBoundingClientRect()
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(screen.inverse())
  return {
    x: x * 1000,
    y: -y * 1000,
    metresPerPixel: 1000 / screen.a,
    left: event.clientX - around.left,
    top: event.clientY - around.top,
  }
}

function useWheel(frame: React.RefObject<SVGSVGElement | null>, setBox: (next: (box: Box) => Box) => void) {
  useEffect(() => {
    const svg = frame.current
    if (!svg) return
    // React's own listener may not keep the page from scrolling.
    const onWheel = (event: WheelEvent) => {
      // A page is scrolled without a key: the map takes the wheel when it has the focus, or with Ctrl.
      if (!event.ctrlKey && document.activeElement !== svg) return
      event.preventDefault()
      const place = placeOf(svg, event)
      if (!place) return
      setBox((box) =>
        zoomed(box, event.deltaY > 0 ? 1.2 : 1 / 1.2, {
          right: (place.x - box.x) / box.width,
          down: 1 - (place.y - box.y) / box.height,
        }),
      )
    }
    svg.addEventListener('wheel', onWheel, { passive: false })
    return () => svg.removeEventListener('wheel', onWheel)
  }, [frame, setBox])
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
