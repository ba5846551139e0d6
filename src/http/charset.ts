/** Charsets of bodies, pure. */

/** The text of a body, by the charset that its type states. */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string {
  const charset = charsetOf(contentType)
  if (charset === 'latin1')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return new TextDecoder(charset).decode(bytes)
}

/** The charset of a Content-Type: `latin1`, or a label that TextDecoder knows; UTF-8 where it says nothing known. */
export function charsetOf(contentType: string | undefined): string {
  const label = /charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (label === undefined) return 'utf-8'
  // For TextDecoder this label means windows-1252; ERDDAP means the real one.
  if (label === 'iso-8859-1' || label === 'latin1' || label === 'iso8859-1') return 'latin1'
  try {
    return new TextDecoder(label).encoding
  } catch {
    return 'utf-8'
  }
}
