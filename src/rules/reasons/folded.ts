/**
 * A text as people search it: without regard to case and accents, and with the apostrophes and blanks of a keyboard, since
 * nobody types the ’ and the no-break spaces that French sentences have.
 */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}+/gu, '')
    .toLowerCase()
    .replace(/[’‘ʼ]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
}
