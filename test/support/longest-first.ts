import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Starts the longest files first, since each of them, started last, would keep the whole run waiting. What took how
 * long in the last run is not known in a clean checkout: hence the list.
 *
 * @param longest parts of paths below test/, the longest first; what is in none of them goes by its size
 */
export function longestFirst(longest: readonly string[]) {
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const rank = ({ moduleId }: TestSpecification) => {
        const at = longest.findIndex((part) => moduleId.includes(`/test/${part}`))
        return at < 0 ? longest.length : at
      }
      const size = new Map(files.map((file) => [file, statSync(file.moduleId).size]))
      return [...files].sort((a, b) => rank(a) - rank(b) || (size.get(b) ?? 0) - (size.get(a) ?? 0))
    }
  }
}
