/** The escapes that ERDDAP writes into the cells of its CSVs, pure. */

const plain: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/** One pass: `\uXXXX`, `\n`, `\r`, `\t`, `\"`, `\\`; any other backslash stays what it is. */
export function decodeEscapes(cell: string): string {
  if (!cell.includes('\\')) return cell
  return cell.replace(
    /\\(?:u([0-9a-fA-F]{4})|([nrt"\\]))/g,
    (_whole, hex: string | undefined, name: string) =>
      hex === undefined ? plain[name]! : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
