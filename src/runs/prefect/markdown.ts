/** Prefect's pages show descriptions of artifacts, and each text in a table, as Markdown with HTML in it. */

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
export function tableAsMarkdown(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
      typeof value === 'string' ? asMarkdown(value) : value,
    )
  } catch {
    return asMarkdown(json)
  }
}
