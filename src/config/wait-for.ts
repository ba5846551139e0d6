import { HarvesterError } from '../errors.ts'
import { type WaitFor, type WaitForParameter, waitForParameter, waitForSchema } from './operations-schema.ts'

/**
 * What a run waits for: what it is told wins over what its source says, key by key. So a run that is told to wait for
 * nothing special (`{}`) keeps what the source demands, and without that waits until the server answers.
 * @returns null where neither wants anything
 * @throws HarvesterError PARAMETERS_INVALID for a `newer_than` without a dataset
 */
export function mergeWaitFor(own: WaitFor | null, told: WaitForParameter | null): WaitFor | null {
  if (told === null) return own
  const given = Object.fromEntries(
    Object.entries(waitForParameter.parse(told)).filter(([, value]) => value != null),
  )
  const { newer_than, ...base } = own ?? {}
  // How new the source's own dataset must be says nothing of another one.
  const same = told.dataset_id == null || told.dataset_id === own?.dataset_id
  const merged = waitForSchema.safeParse({
    ...base,
    ...(same && newer_than !== undefined && { newer_than }),
    ...given,
  })
  if (merged.success) return merged.data
  throw new HarvesterError(
    'PARAMETERS_INVALID',
    `what is to be waited for does not fit: ${merged.error.issues.map(({ message }) => message).join('; ')}`,
    { remedy: 'Name the dataset whose newest time is meant.' },
  )
}
