/** Prefect's pages show descriptions of artifacts, and each text in a table, as Markdown with HTML in it. */

import type { Artifact } from '../backend.ts'
import type { Runtime } from '../runtime.ts'
import type { Schemas } from './client.ts'

/** An artifact as the server takes it, what is foreign in it as text. Of Markdown the flows see to it themselves. */
export function wireArtifact(artifact: Artifact): {
  key: string | null
  type: string
  description: string | null
  data: string | number
} {
  const { key, type, description } = artifact
  return {
    key,
    type,
    description: description === null ? null : asMarkdown(description),
    data: artifact.type === 'table' ? tableAsMarkdown(artifact.data) : artifact.data,
  }
}

/** As Python's client tells of an artifact, for automations and the event feed. */
export function artifactEvent(
  run: { readonly id: string; readonly name: string; readonly runtime: Runtime },
  artifactId: string,
  { key, type, description }: Artifact,
): Schemas['Event'] {
  return {
    id: run.runtime.id(),
    occurred: run.runtime.now().toISOString(),
    event: 'prefect.artifact.created',
    resource: {
      'prefect.resource.id': `prefect.artifact.${artifactId}`,
      ...(key !== null && { 'prefect.resource.name': key }),
    },
    related: [
      {
        'prefect.resource.id': `prefect.flow-run.${run.id}`,
        'prefect.resource.role': 'flow-run',
        'prefect.resource.name': run.name,
      },
    ],
    payload: { key, type, description },
  }
}

/**
 * A text that Markdown shows as it stands: no image is loaded, no word is a link to somewhere else, no tag is one. A
 * plain address stays one, since it leads to where it says.
 */
export function asMarkdown(text: string): string {
  return text.replace(/[\\[<]/g, '\\$&')
}

/** The text that {@link asMarkdown} was given. */
export function fromMarkdown(text: string): string {
  return text.replace(/\\([\\[<])/g, '$1')
}

/** The same for the texts in the rows of a table, given and returned as JSON. */
function tableAsMarkdown(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
      typeof value === 'string' ? asMarkdown(value) : value,
    )
  } catch {
    return asMarkdown(json)
  }
}
