/**
 * What the program believes, and of what. A belief (unchanged, no rows, contradictory, complete, absent, counted) is
 * never taken from a single answer: each rule here names the observations that it needs, all of them optional, since
 * any of them may fail to be made, and says where it comes from. Nothing else in the program decides these.
 *
 * Pure: no clock, no requests. Whoever asks hands in what was seen, and learns what may be believed.
 */
export * from './absence.ts'
export * from './agreement.ts'
export * from './catalogue.ts'
export * from './clock.ts'
export * from './counted.ts'
export * from './gone.ts'
export * from './one-time.ts'
export * from './rows.ts'
export * from './single.ts'
export * from './unchanged.ts'
