/** Least and greatest of some values. */
export interface Extent {
  min: number
  max: number
}
