/** What the body of an error says, for any server: a sentence of at most 300 characters. Pure, in linear time. */

import { cut, readLength } from '../text.ts'

const longest = 300

/** @param body as sent: JSON, HTML or text; its first 64 kB are looked at */
export function plainSentence(_status: number, body: string): string {
  const text = cut(body, readLength).trim()
  if (text === '') return ''
  return oneLine(fromJson(text) ?? (isHtml(text) ? htmlSentence(text) : text))
}

export function isHtml(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head|<body|<\?xml[^>]*>\s*<!doctype html)/i.test(text)
}

/** Blanks and line breaks as one blank, cut at the limit. */
export function oneLine(text: string): string {
  return cut(cut(text, readLength).replace(/\s+/g, ' ').trim(), longest)
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
  const page = cut(html, readLength).replace(/\s+/g, ' ')
  const said = textOfHtml(between(page, /<b> ?message ?:? ?<\/b> ?:? ?(?:<u>)?/i, /<\/u>|<\/p>|<p|<hr|<br/gi))
  if (said.trim() !== '') return said
  const title = textOfHtml(between(page, /<title\b/i, /<\/title>/gi, '>'))
  return title.trim() === '' ? textOfHtml(page) : title
}

/** What stands between the first begin (and the next `after` behind it) and the first end behind that; else nothing. */
function between(text: string, begin: RegExp, end: RegExp, after = ''): string {
  const found = begin.exec(text)
  if (!found) return ''
  const past = found.index + found[0].length
  const at = text.indexOf(after, past)
  if (at < 0) return ''
  end.lastIndex = at
  const close = end.exec(text)
  return close ? text.slice(at + after.length, close.index) : ''
}

const entities: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'", nbsp: ' ' }

/** The text of a piece of HTML: without tags, comments, scripts and styles, entities decoded once. */
export function textOfHtml(html: string): string {
  return withoutTags(cut(html, readLength)).replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{1,10}));/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

/** From the left to the right once: what has no end (a lone `<`, an open comment) is asked for its end only once. */
function withoutTags(html: string): string {
  const unending = new Set<string>()
  const endOf = (name: string, pattern: RegExp, from: number): number | null => {
    if (unending.has(name)) return null
    pattern.lastIndex = from
    const found = pattern.exec(html)
    if (found) return found.index + found[0].length
    unending.add(name)
    return null
  }
  let text = ''
  let at = 0
  for (let open = html.indexOf('<'); open >= 0; open = html.indexOf('<', open)) {
    const start = html.slice(open, open + 8)
    const element = /^<(script|style)/i.exec(start)?.[1]?.toLowerCase()
    const end =
      (start.startsWith('<!--') ? endOf('comment', /-->/g, open + 4) : null) ??
      (element === 'script' ? endOf('script', /<\/script>/gi, open) : null) ??
      (element === 'style' ? endOf('style', /<\/style>/gi, open) : null) ??
      endOf('tag', />/g, open)
    if (end === null) break
    text += `${html.slice(at, open)} `
    at = end
    open = end
  }
  return text + html.slice(at)
}
