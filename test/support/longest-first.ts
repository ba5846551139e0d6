import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Starts the longest files first, since each of them, started last, would keep the whole run waiting. What took how
 * long in the last run is not known in a clean checkout: hence the list.
 *
 * Files of a project stand together: Vitest ends a process that loaded all modules of one when the next file in line is of
 * another.
 *
 * @param longest parts of paths below test/, the longest first; what is in none of them goes by its project and its size
 * @param projects in the order of their files
 */
export function longestFirst(longest: readonly string[], projects: readonly string[] = []) {
  const place = (at: number, length: number) => (at < 0 ? length : at)
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const rank = ({ moduleId }: TestSpecification) =>
        place(
          longest.findIndex((part) => moduleId.includes(`/test/${part}`)),
          longest.length,
        )
      const group = ({ project }: TestSpecification) => place(projects.indexOf(project.name), projects.length)
      const size = new Map(files.map((file) => [file, statSync(file.moduleId).size]))
      return [...files].sort(
        (a, b) => rank(a) - rank(b) || group(a) - group(b) || (size.get(b) ?? 0) - (size.get(a) ?? 0),
      )
    }
  }
}
