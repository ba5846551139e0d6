/** The tag by which our deployments are known on a server that others use as well. */
export function namespaceTag(namespace: string): string {
  return `erddap-harvester:${namespace}`
}
