/** Servers that end with the test process that started them, however it ends: by Ctrl-C, by SIGKILL, by a crash. */
import { existsSync } from 'node:fs'

const setpriv = '/usr/bin/setpriv'

/**
 * A command line that gets a signal from the kernel when the process that starts it has gone.
 *
 * @param user as whom it runs, where this process is root's
 */
export function bound(
  command: readonly string[],
  { signal = 'KILL', user }: { signal?: 'KILL' | 'QUIT'; user?: string } = {},
): [string, string[]] {
  const [program, ...args] = command as [string, ...string[]]
  // What runs where there is none is ended by the handlers of `exit` alone.
  if (!existsSync(setpriv)) return [program, args]
  const other =
    user && process.getuid?.() === 0 ? [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'] : []
  return [setpriv, [...other, `--pdeathsig=${signal}`, '--', ...command]]
}
