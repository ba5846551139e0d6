import dotenv from 'dotenv'

const ambient = new Set(Object.keys(process.env))

/** Loads `.env` of the working folder; what the environment says already is never overridden. */
export function loadDotenv(): void {
  dotenv.config({ quiet: true })
}

/** Where a variable's value came from. */
export function originOf(name: string): 'environment' | '.env' | 'default' {
  if (process.env[name] === undefined || process.env[name]?.trim() === '') return 'default'
  return ambient.has(name) ? 'environment' : '.env'
}
