/**
 * Order of text by Unicode code point, which is also the order of its UTF-8 bytes. JavaScript compares UTF-16 units,
 * where the surrogates of an emoji sort below U+E000–U+FFFF; files must not depend on that.
 */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) {
      const xSurrogate = x >= 0xd800 && x <= 0xdfff
      const ySurrogate = y >= 0xd800 && y <= 0xdfff
      return xSurrogate === ySurrogate
        ? x - y
        : xSurrogate
          ? y >= 0xe000
            ? 1
            : x - y
          : x >= 0xe000
            ? -1
            : x - y
    }
  }
  return a.length - b.length
}
