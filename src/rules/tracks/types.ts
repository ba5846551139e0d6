/** What moves. The names are those of `cdm_data_type`. */
export const movingTypes = ['TrajectoryProfile', 'Trajectory', 'Point'] as const
export type MovingType = (typeof movingTypes)[number]

export function isMovingType(type: string): type is MovingType {
  return (movingTypes as readonly string[]).includes(type)
}
