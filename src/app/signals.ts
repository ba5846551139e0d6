/** What a signal does while nobody else listens for it: before a command has begun, and after its end. */

const names = { SIGINT: 130, SIGTERM: 143 } as const
let listening = false

/**
 * Ends the process at Ctrl-C or SIGTERM as long as no command listens itself. The kernel gives the first process of a
 * container no such default.
 */
export function endBySignals(): void {
  if (listening) return
  listening = true
  for (const [name, code] of Object.entries(names))
    process.on(name, () => {
      if (process.listenerCount(name) > 1) return
      process.stderr.write('harvester: stopped; nothing was under way.\n')
      process.exit(code)
    })
}
