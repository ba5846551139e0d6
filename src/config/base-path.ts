/** Where a proxy puts the dashboard: any path that is none of ours. */

/** What the addresses of the API and the dashboard begin with; a test holds it to the routes. */
export const ownSegments: readonly string[] = [
  'api',
  'assets',
  'badge',
  'favicon.ico',
  'harvest',
  'harvester_logs',
  'health',
  'metrics',
  'ready',
]

/**
 * Null where the path can be a base. A proxy may leave it in the request or take it away: of an address that begins as ours do
 * nobody could say which of the two has happened, and it would lead to itself or to another page.
 */
export function basePathProblem(path: string): string | null {
  const [first = ''] = path.replace(/^\/+/, '').split('/')
  return ownSegments.includes(first)
    ? `begins with /${first}, as addresses of the dashboard itself do (/${ownSegments.join(', /')}): choose another path`
    : null
}
