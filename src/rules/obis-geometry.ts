/** Shapes as WKT and GeoJSON write them, down to what a point-in-polygon test needs. Degrees, longitude first. */

export type Ring = readonly (readonly [longitude: number, latitude: number])[]

export interface Shape {
  /** The rings of each polygon; a hole is a ring inside another. */
  polygons: Ring[][]
  /** Points and the corners of lines. */
  points: Ring[number][]
}

/** Reads WKT or GeoJSON, whichever it is. @throws Error that says what is wrong */
export function parseShape(text: string): Shape {
  const trimmed = text.replace(/^\ufeff/, '').trim()
  if (trimmed.startsWith('{')) {
    const shape: Shape = { polygons: [], points: [] }
    addGeoJson(JSON.parse(trimmed), shape)
    return checked(shape)
  }
  return checked(parseWkt(trimmed))
}

function checked(shape: Shape): Shape {
  if (shape.polygons.length === 0 && shape.points.length === 0) throw new Error('it holds no coordinates')
  for (const [longitude, latitude] of [...shape.polygons.flat(2), ...shape.points])
    if (!(Math.abs(longitude) <= 360 && Math.abs(latitude) <= 90))
      throw new Error(`${longitude} ${latitude} is no position in degrees, longitude first`)
  return shape
}

function addGeoJson(value: unknown, shape: Shape): void {
  if (value === null || typeof value !== 'object') throw new Error('it is no GeoJSON')
  const { type, features, geometry, geometries, coordinates } = value as Record<string, unknown>
  switch (type) {
    case 'FeatureCollection':
      for (const feature of listOf(features)) addGeoJson(feature, shape)
      return
    case 'Feature':
      if (geometry !== null) addGeoJson(geometry, shape)
      return
    case 'GeometryCollection':
      for (const part of listOf(geometries)) addGeoJson(part, shape)
      return
    case 'Polygon':
      shape.polygons.push(listOf(coordinates).map(ringOf))
      return
    case 'MultiPolygon':
      for (const polygon of listOf(coordinates)) shape.polygons.push(listOf(polygon).map(ringOf))
      return
    case 'Point':
      shape.points.push(positionOf(coordinates))
      return
    case 'MultiPoint':
    case 'LineString':
      shape.points.push(...ringOf(coordinates))
      return
    default:
      throw new Error(`it holds a ${String(type)}, where polygons are expected`)
  }
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('a list of coordinates is missing')
  return value
}

function ringOf(value: unknown): Ring {
  return listOf(value).map(positionOf)
}

function positionOf(value: unknown): Ring[number] {
  const [longitude, latitude] = listOf(value)
  if (typeof longitude !== 'number' || typeof latitude !== 'number')
    throw new Error('a coordinate is no number')
  return [longitude, latitude]
}

const wkt =
  /^(?:SRID=\d+;)?\s*(POINT|MULTIPOINT|LINESTRING|MULTILINESTRING|POLYGON|MULTIPOLYGON)(?:\s{0,9}(?:Z|M|ZM))?\s*\(/i

function parseWkt(text: string): Shape {
  const match = wkt.exec(text)
  if (!match || !text.endsWith(')'))
    throw new Error(`it is neither GeoJSON nor a shape in WKT (${JSON.stringify(text.slice(0, 40))})`)
  const [start, kind = ''] = match
  const body = text.slice(start.length, -1)
  if (!/polygon/i.test(kind)) return { polygons: [], points: innermost(body).flat() }
  const polygons = /multi/i.test(kind) ? body.split(/\)\s*\)\s*,\s*\(\s*\(/) : [body]
  // A split takes the inner brackets with it.
  return {
    polygons: polygons.map((polygon) => innermost(`(${withoutBrackets(polygon)})`)),
    points: [],
  }
}

/** Without the brackets and blanks around it. */
function withoutBrackets(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && /[\s(]/.test(text[start]!)) start += 1
  while (end > start && /[\s)]/.test(text[end - 1]!)) end -= 1
  return text.slice(start, end)
}

/** The lists of positions within the innermost brackets, whatever encloses them. */
function innermost(body: string): Ring[] {
  const lists = body.includes('(') ? [...body.matchAll(/\(([^()]*)\)/g)].map(([, list]) => list!) : [body]
  return lists.map((list) =>
    list.split(',').map((position): Ring[number] => {
      const [longitude, latitude] = position.trim().split(/\s+/).map(Number)
      if (longitude === undefined || latitude === undefined || Number.isNaN(longitude + latitude))
        throw new Error(`"${position.trim().slice(0, 40)}" is no position`)
      return [longitude, latitude]
    }),
  )
}
