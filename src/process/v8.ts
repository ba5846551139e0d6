/** Settings of V8, which are no promise of Node. */
import { setFlagsFromString } from 'node:v8'

const major = Number(process.versions.node.split('.')[0])

/**
 * Sets a flag where this version of Node is one of those that have it, as far as was tried: of one that it does not know
 * every process would say so on standard error.
 * @param last the last major version that has it
 */
export function setV8Flag(flag: string, last: 20 | 24): void {
  if (major <= last) setFlagsFromString(flag)
}
