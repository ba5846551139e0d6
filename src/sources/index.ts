/** The door of this room. */
export type * from './kind.ts'
export { kindOf, sourceKinds } from './registry.ts'
