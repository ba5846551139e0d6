import { HarvesterError } from '../errors.ts'
import type { Flow } from './types.ts'

/** A flow of whatever parameters. */
export type AnyFlow = Flow

/** Flows by name: what a process can run. Throws INTERNAL when two have one name. */
export function flowRegistry(flows: readonly AnyFlow[]): ReadonlyMap<string, AnyFlow> {
  const registry = new Map<string, AnyFlow>()
  for (const flow of flows) {
    if (registry.has(flow.name)) throw new HarvesterError('INTERNAL', `Two flows are named "${flow.name}"`)
    registry.set(flow.name, flow)
  }
  return registry
}

/** The name of a deployment without its flow's: `Harvest Source/harvest-x` and `harvest-x` both give `harvest-x`. */
export function splitDeploymentName(name: string): { flow: string | null; deployment: string } {
  const slash = name.indexOf('/')
  return slash < 0
    ? { flow: null, deployment: name }
    : { flow: name.slice(0, slash), deployment: name.slice(slash + 1) }
}
