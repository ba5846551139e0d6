/** Addresses of pages of Prefect's own user interfaces. */

/** Where the interface is: where it is said to be, else beside the API; null where there is neither. */
export function uiAddress(of: { uiUrl?: string | undefined; apiUrl?: string | undefined }): string | null {
  const bare = (of.uiUrl ?? of.apiUrl?.replace(/\/api\/?$/, ''))?.replace(/(?<!\/)\/+$/, '')
  return bare || null
}

export function runPage(ui: string, flowRunId: string): string {
  return `${ui}/runs/flow-run/${encodeURIComponent(flowRunId)}`
}

/** The two user interfaces of Prefect 3 name the filter differently. */
export function taggedPage(ui: string, tag: string): string {
  const value = encodeURIComponent(tag)
  return `${ui}/runs?tag=${value}&tags=${value}`
}
