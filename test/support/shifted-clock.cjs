// Loaded before anything else in a test run with TEST_CLOCK (see vitest.config.ts): this process, its threads and the
// programs that it starts live at another time. Files keep the times that the system gives them.
const { ChildProcess } = require('node:child_process')
const { ServerResponse } = require('node:http')

const shift = Number(process.env.TEST_CLOCK_SHIFT_MS)
const RealDate = Date
const realNow = Date.now

RealDate.now = () => realNow() + shift
globalThis.Date = new Proxy(RealDate, {
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length === 0 ? [target.now()] : values, newTarget),
  apply: (target) => new target(target.now()).toString(),
})
RealDate.prototype.constructor = globalThis.Date

// Tests that give a program an environment of its own know nothing of the clock.
const { spawn } = ChildProcess.prototype
ChildProcess.prototype.spawn = function (options) {
  const given = options.envPairs ?? []
  const missing = ['NODE_OPTIONS', 'TEST_CLOCK_SHIFT_MS'].filter(
    (name) => !given.some((pair) => pair.startsWith(`${name}=`)),
  )
  options.envPairs = [...given, ...missing.map((name) => `${name}=${process.env[name]}`)]
  return spawn.call(this, options)
}

// Node writes the time of an answer by a clock of its own.
const { writeHead } = ServerResponse.prototype
ServerResponse.prototype.writeHead = function (...given) {
  if (this.sendDate && !this.headersSent && !this.hasHeader('date'))
    this.setHeader('Date', new Date().toUTCString())
  return writeHead.apply(this, given)
}
