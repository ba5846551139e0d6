import { describe, expect, test } from 'vitest'
import { findPlatform } from '../../src/rules/platform.ts'
import { fact } from '../../src/rules/reasons/index.ts'
import { metadataOf, vocabularies } from './examples.ts'

const ioos = 'https://mmisw.org/ont/ioos/platform'
const l06 = 'https://vocab.nerc.ac.uk/collection/L06/current/'
const find = (globals: Record<string, string>) => findPlatform(metadataOf({}, globals), vocabularies)

describe('the platform', () => {
  test('of an IOOS label is the category of its L06 code', () => {
    expect(find({ platform: 'buoy', platform_vocabulary: ioos })).toEqual({
      platform: 'mooring',
      warning: null,
    })
    expect(
      find({ platform: 'autonomousUnderwterVehicle', platform_vocabulary: 'IOOS Platform Vocabulary' }),
    ).toEqual({
      platform: 'submersible',
      warning: null,
    })
  })

  test.each(['moored surface buoy', 'Moored Surface Buoy', ' MOORED SURFACE BUOY '])(
    'of the L06 label %j is its category, in any case',
    (platform) => {
      expect(find({ platform, platform_vocabulary: l06 })).toEqual({ platform: 'mooring', warning: null })
    },
  )

  test('of a label that L06 itself writes with a capital is found too', () => {
    const platform = 'ice-tethered subsurface profiling float'
    expect(find({ platform, platform_vocabulary: l06 }).platform).toBe('drift ice')
  })

  test.each([
    [{ platform: 'buoy', platform_vocabulary: l06 }],
    [{ platform: 'moored surface buoy', platform_vocabulary: ioos }],
    [{ platform: 'spaceship', platform_vocabulary: ioos }],
    [{ platform: 'buoy', platform_vocabulary: 'my own' }],
    [{ platform: 'moored surface buoy', platform_vocabulary: 'my own' }],
    [{ platform: 'buoy' }],
  ])('is unknown for %j, with a warning that names it', (globals) => {
    const { platform, warning } = find(globals)
    expect(platform).toBe('unknown')
    expect(warning).toEqual(
      fact('PLATFORM_UNKNOWN', {
        platform: globals.platform,
        vocabulary: (globals as { platform_vocabulary?: string }).platform_vocabulary ?? '',
      }),
    )
  })

  test.each([{}, { platform: ' ' }, { platform_vocabulary: l06 }])(
    'is unknown for %j, without a warning',
    (globals) => {
      expect(find(globals)).toEqual({ platform: 'unknown', warning: null })
    },
  )

  test('that L06 calls unknown is known to be so: no warning', () => {
    expect(find({ platform: 'unknown', platform_vocabulary: l06 })).toEqual({
      platform: 'unknown',
      warning: null,
    })
  })
})
