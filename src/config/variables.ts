/** The environment of the process, as it is at the moment: the one place where it is taken from the system. */
export const variables: Readonly<Record<string, string | undefined>> = process.env

/** For what stands in `.env`. */
export function setVariable(name: string, value: string): void {
  process.env[name] = value
}
