/** The door of this room. */
export { requestFault } from './fault.ts'
export type * from './kind.ts'
export { kindOf, sourceKinds } from './registry.ts'
