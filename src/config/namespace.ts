/**
 * Several sites may share one Prefect server. In a namespace of its own, a site's deployments and default pools bear
 * its name, so that none takes another's for its own.
 */
export const defaultNamespace = 'default'

/** `harvest-all` in the namespace `site-b` is `harvest-all-site-b`; in the default one names stay as they are. */
export function inNamespace(name: string, namespace: string): string {
  const ending = `-${namespace}`
  return namespace === defaultNamespace || name.endsWith(ending) ? name : `${name}${ending}`
}
