import { describe, expect, it } from 'vitest'
import { readCroissant } from '../../../src/sources/erddap/croissant.ts'
import { recording, recordingNames } from './recordings.ts'

const url = 'https://o.example/erddap/tabledap/x.croissant'

describe('a Croissant description', () => {
  it.each(recordingNames.filter((name) => name.startsWith('croissant_') && recording(name).status === 200))(
    '%s names no source file',
    (name) => {
      const croissant = readCroissant(url, recording(name).body.toString('latin1'))
      expect(croissant.document['@type']).toBeDefined()
      expect(croissant.files).toEqual([])
    },
  )

  it('of servers that list the source files gives them with time, size and checksum', () => {
    const document = {
      distribution: [
        { '@type': 'cr:FileObject', contentUrl: 'https://o.example/erddap/files/x.manifest', sha256: 'a' },
        { '@type': 'cr:FileObject', contentUrl: 'https://o.example/erddap/tabledap/x.csv', contentSize: '9' },
        {
          '@type': 'cr:FileObject',
          contentUrl: 'https://o.example/erddap/files/x/1.nc',
          contentSize: 12,
          sha256: 'ab',
        },
        {
          '@type': 'cr:FileObject',
          contentUrl: 'https://o.example/erddap/files/x/2.nc',
          dateModified: '2026-01-01',
        },
        { '@type': 'cr:FileObject', contentUrl: 'https://o.example/erddap/files/x/3.nc' },
        { '@type': 'cr:FileSet', includes: '*' },
        null,
      ],
    }
    expect(readCroissant(url, JSON.stringify(document)).files).toEqual([
      { name: 'https://o.example/erddap/files/x/1.nc', lastModified: '', size: '12 ab', isFolder: false },
      {
        name: 'https://o.example/erddap/files/x/2.nc',
        lastModified: '2026-01-01',
        size: '',
        isFolder: false,
      },
    ])
  })

  it.each(['<html></html>', '[]', 'null', '"x"', ''])('that is %j is no answer', (body) => {
    expect(() => readCroissant(url, body)).toThrow('the Croissant description is no JSON')
  })
})
