import dotenv from 'dotenv'
import { variables } from '../config/variables.ts'

const ambient = new Set(Object.keys(variables))

/** Loads `.env` of the working folder; what the environment says already is never overridden. */
export function loadDotenv(): void {
  dotenv.config({ quiet: true })
}

/** Where a variable's value came from. */
export function originOf(name: string): 'environment' | '.env' | 'default' {
  if (variables[name] === undefined || variables[name]?.trim() === '') return 'default'
  return ambient.has(name) ? 'environment' : '.env'
}
