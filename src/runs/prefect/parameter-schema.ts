import { z } from 'zod'
import type { AnyFlow } from '../registry.ts'

type Schema = Record<string, unknown>

/**
 * The JSON schema of a flow's parameters, written as Python's pydantic writes it: the run forms of both user
 * interfaces draw an input for that form only (`anyOf` with null, never a list of types; a title for everything).
 */
export function parameterSchema(flow: Pick<AnyFlow, 'parameters'>): Schema {
  const schema = z.toJSONSchema(flow.parameters, { io: 'input', unrepresentable: 'any' }) as Schema
  const { $schema: _, ...rest } = asPydantic(schema)
  const properties = Object.fromEntries(
    Object.entries((rest.properties ?? {}) as Record<string, Schema>).map(([name, property], position) => [
      name,
      { ...property, position },
    ]),
  )
  return { ...rest, title: 'Parameters', type: 'object', properties }
}

/** What says how a value is shown, and stays outside of its alternatives. */
const outer: ReadonlySet<string> = new Set(['title', 'description', 'default', 'position', 'examples'])

function asPydantic(schema: Schema): Schema {
  const { oneOf, anyOf, ...rest } = mapped(schema)
  const given = (anyOf ?? oneOf) as Schema[] | undefined
  if (given) return { ...rest, anyOf: given.flatMap(alternatives) }
  if (!Array.isArray(rest.type)) return rest
  const entries = Object.entries(rest).filter(([key]) => key !== 'type')
  const shown = Object.fromEntries(entries.filter(([key]) => outer.has(key)))
  const rules = Object.fromEntries(entries.filter(([key]) => !outer.has(key)))
  const types = rest.type as string[]
  return { ...shown, anyOf: types.map((type) => (type === 'null' ? { type } : { type, ...rules })) }
}

/** Alternatives within alternatives are alternatives. */
function alternatives(schema: Schema): Schema[] {
  return Object.keys(schema).join() === 'anyOf' ? (schema.anyOf as Schema[]) : [schema]
}

/** The same for everything within. */
function mapped(schema: Schema): Schema {
  const within = (key: string, value: unknown): unknown => {
    if (key === 'properties')
      return Object.fromEntries(
        Object.entries(value as Record<string, Schema>).map(([name, property]) => [
          name,
          { title: name, ...asPydantic(property) },
        ]),
      )
    if ((key === 'anyOf' || key === 'oneOf' || key === 'allOf') && Array.isArray(value))
      return value.map((item) => asPydantic(item as Schema))
    if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object' && value !== null)
      return asPydantic(value as Schema)
    return value
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, within(key, value)]))
}
