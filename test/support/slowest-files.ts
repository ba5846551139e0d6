import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** Prints, after a run, the files that took longest, and every test that passed only when it was tried again. */
export default class SlowestFiles implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const took = modules
      .map((module) => {
        const { setupDuration, collectDuration, duration } = module.diagnostic()
        return { name: module.relativeModuleId, seconds: (setupDuration + collectDuration + duration) / 1000 }
      })
      .sort((a, b) => b.seconds - a.seconds)
    const log = (line: string) => this.#vitest?.logger.log(line)
    log('The slowest files:')
    for (const { name, seconds } of took.slice(0, 10)) log(`${seconds.toFixed(1).padStart(8)} s  ${name}`)
    const flakes = modules.flatMap((module) =>
      [...module.children.allTests()].filter((test) => test.diagnostic()?.flaky === true),
    )
    if (flakes.length === 0) return
    log(`${flakes.length} FLAKY: failed at first and passed when tried again`)
    for (const test of flakes) log(`  ${test.module.relativeModuleId} > ${test.fullName}`)
  }
}
