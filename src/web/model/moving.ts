import { isMovingType } from '../../rules/tracks/types.ts'

/** Whether the index has rows of a platform that moves. */
export function moves({
  in_index,
  cdm_data_type,
}: {
  in_index: boolean
  cdm_data_type: string | null
}): boolean {
  return in_index && cdm_data_type !== null && isMovingType(cdm_data_type)
}
