import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest on a clean machine: started last, each would keep the whole run waiting. */
const longest = [
  'acceptance/alerts',
  'database/embedded',
  'operate/backfill/',
  'acceptance/',
  'flows/',
  'database/',
  'cli/',
  'deploy/',
  'integration/',
  'serve/',
  'operate/',
  'log/error-reports',
]

/** Starts the longest files first. What took how long in the last run is not known in a clean checkout. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((part) => moduleId.includes(`/test/${part}`))
      return at < 0 ? longest.length : at
    }
    const size = new Map(files.map((file) => [file, statSync(file.moduleId).size]))
    return [...files].sort((a, b) => rank(a) - rank(b) || (size.get(b) ?? 0) - (size.get(a) ?? 0))
  }
}
