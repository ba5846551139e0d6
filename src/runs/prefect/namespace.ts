const prefix = 'erddap-harvester:'

/** The tag by which our deployments are known on a server that others use as well. */
export function namespaceTag(namespace: string): string {
  return `${prefix}${namespace}`
}

/** The namespace that the tags of a deployment name; null for one that is nobody's. */
export function namespaceOf(tags: readonly string[] | null | undefined): string | null {
  return tags?.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? null
}
