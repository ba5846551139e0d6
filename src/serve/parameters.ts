/** The parameters of the API: text that PostgreSQL cannot hold (NUL) is refused here, so that it never becomes a 500. */

import { z } from '@hono/zod-openapi'
import { status } from './schemas.ts'

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\u0000'), 'must not hold a NUL character')

export const slugParameter = text(3000).min(1).openapi({
  description: 'Slug of a source, readable or base64url of its URL',
  example: 'erddap-ogsl-ca-erddap',
})
export const languageParameter = z
  .enum(['en', 'fr'])
  .default('en')
  .openapi({ description: 'Language of titles, messages and remedies' })
export const organizationParameter = text(1000).min(1).openapi({ description: 'Name of an organization' })
export const wantedParameter = text(200).default('').openapi({ description: 'Text to find' })
export const datasetIdParameter = text(1000).min(1)
export const runIdParameter = z.guid().openapi({ description: 'Id of a run, or of its flow run' })
export const statusParameter = status.optional()
export const outcomeParameter = z
  .enum(['error', 'skipped', 'unchanged', 'success'])
  .optional()
  .openapi({ description: 'Only attempts that came to this' })
export const limitParameter = z.coerce
  .number()
  .int()
  .min(0)
  .max(100_000)
  .optional()
  .openapi({ description: 'At most so many attempts; all without it' })
export const offsetParameter = z.coerce
  .number()
  .int()
  .min(0)
  .max(10_000_000)
  .default(0)
  .openapi({ description: 'So many attempts are left out before the first' })
export const searchParameter = text(200).optional()
export const zoomParameter = z.enum(['0', '1']).default('0')
/**
 * Degrees: west, south, east, north; west is greater than east across the antimeridian, so that no view needs a longitude
 * beyond ±180. Numbers without end would be columns of hexagons that no integer holds.
 */
export const boxParameter = z
  .string()
  .max(200)
  .optional()
  .transform((text, context) => {
    if (text === undefined || text === '') return null
    const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
    const [west = NaN, south = NaN, east = NaN, north = NaN] = parts
    const within = (most: number, ...degrees: number[]) => degrees.every((value) => Math.abs(value) <= most)
    if (
      parts.length !== 4 ||
      !within(180, west, east) ||
      !within(90, south, north) ||
      west === east ||
      south >= north
    ) {
      context.addIssue('must be west,south,east,north in degrees, within ±180 and ±90')
      return z.NEVER
    }
    return [west, south, east, north] as const
  })
  .openapi({
    type: 'string',
    description:
      'Only what is in view: west,south,east,north in degrees, within ±180 and ±90; west is greater than east across the antimeridian',
  })
export const variableParameter = text(200).optional()
