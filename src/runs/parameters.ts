import { HarvesterError } from '../errors.ts'

/**
 * Refuses parameters that a flow does not have: a slip of the pen would start a run without what was meant. One check
 * for all that start runs. Throws PARAMETERS_INVALID that names every unknown one, and those there are.
 */
export function checkParameterNames(
  deployment: string,
  /** Of the flow; null where nothing is known of them. */
  names: readonly string[] | null,
  given: Readonly<Record<string, unknown>>,
): void {
  if (names === null) return
  const unknown = Object.keys(given).filter((name) => !names.includes(name))
  if (unknown.length === 0) return
  throw new HarvesterError(
    'PARAMETERS_INVALID',
    `The parameters of ${deployment} do not fit: ${unknown.map((name) => `there is no parameter ${name}`).join('; ')}`,
    { remedy: names.length === 0 ? 'It takes none.' : `Its parameters: ${names.join(', ')}.` },
  )
}
