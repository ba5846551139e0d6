/** Numbers as ERDDAP sends them, and as run folders hold them: rounded in decimal terms, never padded. */

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/

/** The number a cell holds. Null for `NaN`, blanks, infinities and whatever else is no number. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim()
  if (!decimal.test(trimmed)) return null
  const value = Number(trimmed)
  return Number.isFinite(value) ? value + 0 : null
}

/**
 * Rounds to a number of decimals (0 to 15). Halves go away from zero, and are judged by the digits a reader sees:
 * 1.00005 becomes 1.0001, although the binary number is a little less. Never gives −0; what is not finite stays.
 */
export function roundTo(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value
  const size = Math.abs(value)
  const scale = 10 ** decimals
  const scaled = size * scale
  // Far enough from a half, no digit that binary arithmetic may get wrong can decide.
  const decided = scaled < 2 ** 32 && Math.abs(scaled - Math.floor(scaled) - 0.5) > 1e-5
  const rounded = decided ? Math.round(scaled) / scale : roundDigits(size, decimals)
  return rounded === 0 ? 0 : Math.sign(value) * rounded
}

function roundDigits(size: number, decimals: number): number {
  const { digits, scale } = decimalDigits(size)
  const dropped = scale - decimals
  if (dropped <= 0) return size
  const unit = 10n ** BigInt(dropped)
  return Number(`${(2n * BigInt(digits) + unit) / (2n * unit)}e-${decimals}`)
}

/** The shortest digits that stand for a number: value = digits × 10^−scale. */
function decimalDigits(size: number): { digits: string; scale: number } {
  const [mantissa = '0', exponent = '0'] = String(size).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: whole + fraction, scale: fraction.length - Number(exponent) }
}
