import { Link } from 'react-router'
import { BreakableId } from './BreakableId.tsx'

/** A dataset by its id, which may hold anything, with the way to its page. */
export function DatasetLink({ slug, id }: { slug: string; id: string }) {
  return (
    <Link className="id" to={`/harvest/dataset/${encodeURIComponent(slug)}/${encodeURIComponent(id)}`}>
      <BreakableId id={id} />
    </Link>
  )
}
