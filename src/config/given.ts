/** What counts as given, wherever a setting is read. */

type Variables = Readonly<Record<string, string | undefined>>

/** Blank counts as unset, a pair of quotes around nothing too. */
export function isSet(value: string | undefined): value is string {
  const text = value?.trim()
  return text !== undefined && text !== '' && text !== '""' && text !== "''"
}

/** A variable without the blanks around it; undefined where it is unset. */
export function given(variables: Variables, name: string): string | undefined {
  const value = variables[name]
  return isSet(value) ? value.trim() : undefined
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
])

/** A truth value as people write it; undefined for what is none. YAML of before 1.2 knew yes and no. */
export function truthOf(value: unknown): boolean | undefined {
  return truths.get(String(value).trim().toLowerCase())
}
