import { describe, expect, it } from 'vitest'
import { chooseSteps, notGreen, type SourceEnd, unknownSteps } from '../../../src/flows/after-success/gate.ts'

const end = (deployment: string, type: SourceEnd['type'], errors: number | null = null): SourceEnd => ({
  deployment,
  type,
  errors,
})

describe('the sources are green', () => {
  it('when all completed', () => {
    expect(notGreen([end('a', 'COMPLETED'), end('b', 'COMPLETED')], 'completed')).toBeNull()
  })
  it('not when one failed, crashed or was cancelled', () => {
    for (const type of ['FAILED', 'CRASHED', 'CANCELLED'] as const)
      expect(notGreen([end('a', 'COMPLETED'), end('b', type), end('c', 'COMPLETED')], 'completed')).toBe(
        '1 of 3 sources failed',
      )
  })
  it('not when there was none', () => {
    expect(notGreen([], 'completed')).toBe('no source was harvested')
  })
  it('where errors count, when no dataset failed', () => {
    expect(notGreen([end('a', 'COMPLETED', 0), end('b', 'COMPLETED', 0)], 'no_errors')).toBeNull()
    expect(notGreen([end('a', 'COMPLETED', 0), end('b', 'COMPLETED', 2)], 'no_errors')).toBe(
      '1 of 2 sources had failed datasets (b 2)',
    )
  })
  it('where errors count, not when nobody knows of any', () => {
    expect(notGreen([end('a', 'COMPLETED', 0), end('b', 'COMPLETED')], 'no_errors')).toBe(
      'whether datasets failed is not known of b',
    )
  })
})

describe('the steps that run', () => {
  const configured = ['views', 'hook', 'dbt'].map((name) => ({ name, step: { flush_redis: true as const } }))
  const chosen = (asked: string[] | null) => {
    const { steps, missing } = chooseSteps(configured, asked)
    return { steps: steps.map(({ name }) => name), missing }
  }
  it('are all of the worker where the deployment is older than the parameter', () => {
    expect(chosen(null)).toEqual({ steps: ['views', 'hook', 'dbt'], missing: [] })
  })
  it('are those that the run names, in the order of the configuration', () => {
    expect(chosen(['dbt', 'views'])).toEqual({ steps: ['views', 'dbt'], missing: [] })
    expect(chosen([])).toEqual({ steps: [], missing: [] })
  })
  it('are missed by name where this worker does not have them', () => {
    expect(chosen(['views', 'redis', 'redis'])).toEqual({ steps: ['views'], missing: ['redis'] })
    const error = unknownSteps(['redis'], configured)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain('no step named redis')
    expect(error.remedy).toMatch(/same|configuration/)
  })
})
