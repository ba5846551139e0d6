/** What the body of an error says, for any server: a sentence of at most 300 characters. Pure. */

const longest = 300

/** @param body as sent: JSON, HTML or text */
export function plainSentence(_status: number, body: string): string {
  const text = body.trim()
  if (text === '') return ''
  return oneLine(fromJson(text) ?? (isHtml(text) ? htmlSentence(text) : text))
}

export function isHtml(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head|<body|<\?xml[^>]*>\s*<!doctype html)/i.test(text)
}

/** Blanks and line breaks as one blank, cut at the limit. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

function fromJson(text: string): string | null {
  if (!text.startsWith('{')) return null
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    const nested = value.error as Record<string, unknown> | string | undefined
    const candidates = [
      typeof nested === 'object' && nested !== null ? nested.message : nested,
      value.message,
      value.detail,
      value.title,
    ]
    for (const candidate of candidates) {
      if (typeof candidate === 'string' && candidate.trim() !== '') return candidate
      if (candidate !== undefined && typeof candidate === 'object') return JSON.stringify(candidate)
    }
    return text
  } catch {
    return null
  }
}

/** The message of a servlet container's error page, else the page's title, else its text. */
export function htmlSentence(html: string): string {
  const message = /<b>\s*message\s*:?\s*<\/b>\s*:?\s*(?:<u>)?([\s\S]*?)(?:<\/u>|<\/p>|<p|<hr|<br)/i.exec(
    html,
  )?.[1]
  const said = message === undefined ? '' : textOfHtml(message)
  if (said.trim() !== '') return said
  const title = textOfHtml(/<title[^>]*>([\s\S]*?)<\/title>/i.exec(html)?.[1] ?? '')
  return title.trim() === '' ? textOfHtml(html) : title
}

const entities: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'", nbsp: ' ' }

/** The text of a piece of HTML: without tags, scripts and styles, entities decoded once. */
export function textOfHtml(html: string): string {
  return html
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    })
}
