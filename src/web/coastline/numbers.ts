/**
 * Whole numbers as text, the small ones in one character: half the size of their digits, and a tenth less once both are
 * compressed. The sign is the last bit; a digit of the first half of the alphabet is the last one of its number.
 */

const half = 45
/** From `#` on, without the backslash, which would have to be doubled where it is written. */
const first = 35
const backslash = 92

export function written(numbers: readonly number[]): string {
  return numbers.map(digitsOf).join('')
}

function digitsOf(number: number): string {
  let rest = number < 0 ? -2 * number - 1 : 2 * number
  let text = ''
  while (rest >= half) {
    text += character(half + (rest % half))
    rest = Math.floor(rest / half)
  }
  return text + character(rest)
}

export function read(text: string): number[] {
  const numbers: number[] = []
  let [value, place] = [0, 1]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const digit = code - first - (code > backslash ? 1 : 0)
    value += (digit % half) * place
    place *= half
    if (digit >= half) continue
    numbers.push(value % 2 === 0 ? value / 2 : -(value + 1) / 2)
    value = 0
    place = 1
  }
  return numbers
}

function character(digit: number): string {
  const code = first + digit
  return String.fromCharCode(code < backslash ? code : code + 1)
}
