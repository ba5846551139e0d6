/** The site's geographic filter, from its configuration and its polygon file. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { describeError, HarvesterError } from '../../errors.ts'
import { packageFile } from '../../package.ts'
import { parseShape } from '../../rules/obis-geometry.ts'
import { PolygonRegion } from '../../rules/obis-region.ts'

export interface ObisFilter {
  /** Null: everything everywhere. */
  region: PolygonRegion | null
  /** Nodes whose datasets are taken whole. */
  exemptNodeIds: ReadonlySet<string>
  /** For messages. */
  description: string
  /** Changes with the region and the exemptions. */
  fingerprint: string
}

export interface ObisFilterSettings {
  mode: 'canada' | 'none'
  /** WKT or GeoJSON; without one the coarse outline that is shipped. */
  polygonFile: string | undefined
  exemptNodeIds: readonly string[] | undefined
  /** Folders in which a relative polygon file is looked for, in order. */
  folders: readonly string[]
}

/** OBIS Canada and the Ocean Tracking Network. */
const defaultExemptNodeIds = ['7dfb2d90-9317-434d-8d4e-64adf324579a', '68f83ea7-69a7-44fd-be77-3c3afd6f3cf8']

export const coarseOutlineFile = packageFile('config/obis/canada-waters-coarse.geojson')

/** @throws HarvesterError CONFIG_INVALID, CONFIG_NOT_FOUND for the polygon file */
export async function loadObisFilter(settings: ObisFilterSettings): Promise<ObisFilter> {
  const exempt = [...new Set(settings.exemptNodeIds ?? defaultExemptNodeIds)].sort()
  const exemptNodeIds = new Set(exempt)
  if (settings.mode === 'none')
    return { region: null, exemptNodeIds, description: 'anywhere', fingerprint: 'none' }
  const { path, text } = await readPolygon(settings)
  try {
    const shape = parseShape(text)
    if (shape.polygons.length === 0) throw new Error('it holds no polygon')
    return {
      region: new PolygonRegion(shape),
      exemptNodeIds,
      description:
        path === coarseOutlineFile ? 'the coarse outline of Canada’s waters' : `the polygon of ${path}`,
      fingerprint: createHash('sha256')
        .update(JSON.stringify([exempt, shape]))
        .digest('hex'),
    }
  } catch (cause) {
    throw new HarvesterError('CONFIG_INVALID', `${path} is no polygon: ${describeError(cause)}`, {
      cause,
      remedy:
        'Give obis_geo_filter.polygon_file a file with a polygon as WKT or GeoJSON, in degrees, longitude first.',
    })
  }
}

async function readPolygon(settings: ObisFilterSettings): Promise<{ path: string; text: string }> {
  const { polygonFile } = settings
  const candidates =
    polygonFile === undefined
      ? [coarseOutlineFile]
      : isAbsolute(polygonFile)
        ? [polygonFile]
        : settings.folders.map((folder) => resolve(folder, polygonFile))
  for (const path of candidates) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return { path, text }
  }
  throw new HarvesterError('CONFIG_NOT_FOUND', `the polygon file ${candidates.join(', ')} cannot be read`, {
    remedy: 'Correct obis_geo_filter.polygon_file, or remove it to use the coarse outline that is shipped.',
  })
}
