/** What the terminal can do, and texts that fit it. Pure, but for the environment that is given. */

export interface TerminalLook {
  /** Whether bars may be drawn, with movements of the cursor. */
  draws: boolean
  /** Whether lines are for people rather than for machines. */
  lines: boolean
  colours: boolean
}

type Stream = Pick<NodeJS.WriteStream, 'isTTY'>

/** Pipes get lines for machines; dumb terminals and NO_COLOR (https://no-color.org) plain lines without bars. */
export function terminalLook(stream: Stream, env: NodeJS.ProcessEnv): TerminalLook {
  const terminal = stream.isTTY === true
  const plain = env.TERM === 'dumb' || (env.NO_COLOR ?? '') !== ''
  return { draws: terminal && !plain, lines: terminal, colours: terminal && !plain }
}

/** A text of at most so many characters, cut in its middle, since both ends of a name tell it apart. */
export function shortened(text: string, most: number): string {
  const characters = [...text]
  if (characters.length <= most) return text
  const start = Math.ceil((most - 1) / 2)
  return `${characters.slice(0, start).join('')}…${characters.slice(characters.length - (most - 1 - start)).join('')}`
}

/** Host and path of an address: the scheme tells nobody anything. */
function sourceName(url: string): string {
  return url.replace(/^[a-z]+:\/\//i, '').replace(/(?<!\/)\/+$/, '')
}

export interface BarFacts {
  name: string
  done: number
  total: number
  ok: number
  skipped: number
  failed: number
  /** Until the end at the present pace; null where it is not known. */
  secondsLeft: number | null
}

/** One line of a bar within so many columns: the name always, the bar with what is left. */
export function barLine(facts: BarFacts, columns: number): string {
  const counts = `${facts.done}/${facts.total} ✓${facts.ok} ·${facts.skipped} ✗${facts.failed}`
  const left = facts.secondsLeft === null ? '' : ` ${clock(facts.secondsLeft)}`
  const room = columns - 1 - counts.length - left.length - 2
  const nameWidth = Math.max(8, Math.min(40, Math.floor(room * 0.6)))
  const name = shortened(sourceName(facts.name), nameWidth)
  const barWidth = Math.max(0, Math.min(40, room - [...name].length))
  const full =
    facts.total === 0 ? barWidth : Math.round((barWidth * Math.min(facts.done, facts.total)) / facts.total)
  const bar = barWidth < 4 ? '' : `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} `
  return shortened(`${name} ${bar}${counts}${left}`, columns - 1)
}

/** `1:05` or `2:03:04`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
