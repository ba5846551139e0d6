import { Fragment } from 'react'

/** An id that may break behind its underscores, dots and dashes, and is copied as it is. */
export function BreakableId({ id }: { id: string }) {
  const parts = id.split(/(?<=[_.-])/)
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no identity but their place
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ))
}
