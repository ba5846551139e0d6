import { HarvesterError } from '../../errors.ts'

/** `a=1` gives a number, `a=[1]` a list, `a=text` text. */
export function parseParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new HarvesterError('USAGE', `--param ${pair} has no name and value`, {
          remedy: 'Write it as --param force=true.',
        })
      const text = pair.slice(at + 1)
      try {
        return [pair.slice(0, at), JSON.parse(text) as unknown]
      } catch {
        return [pair.slice(0, at), text]
      }
    }),
  )
}
