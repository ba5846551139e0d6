import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUrlSlug, encodeUrlSlug, resolveSlug, sourceSlug } from '../../src/serve/slugs.ts'

describe('the slug of a source', () => {
  test.each([
    ['https://erddap.ogsl.ca/erddap', 'erddap-ogsl-ca-erddap'],
    ['https://erddap.ogsl.ca/erddap///', 'erddap-ogsl-ca-erddap'],
    ['http://localhost:8080/erddap', 'localhost:8080-erddap'],
    ['https://obis.org', 'obis-org'],
    ['https://Data.Example.org/ERDDAP', 'Data-Example-org-ERDDAP'],
  ])('of %s is %s', (url, slug) => {
    expect(sourceSlug(url)).toBe(slug)
  })

  test('base64url of the whole URL, padded or not, names the same source', () => {
    const url = 'https://erddap.ogsl.ca/erddap'
    const long = encodeUrlSlug(url)
    expect(resolveSlug(long, [url])).toBe(url)
    expect(resolveSlug(`${long}==`, [url])).toBe(url)
    expect(resolveSlug(encodeUrlSlug(`${url}/`), [url])).toBe(url)
  })

  test('names nothing when no source has it', () => {
    expect(resolveSlug('nowhere', ['https://erddap.ogsl.ca/erddap'])).toBeNull()
    expect(resolveSlug(encodeUrlSlug('https://elsewhere.org'), ['https://erddap.ogsl.ca/erddap'])).toBeNull()
  })

  test('of two sources that share it names the https one, and base64url tells them apart', () => {
    const both = ['http://a.ca/erddap', 'https://a.ca/erddap']
    expect(resolveSlug('a-ca-erddap', both)).toBe('https://a.ca/erddap')
    expect(resolveSlug(encodeUrlSlug('http://a.ca/erddap'), both)).toBe('http://a.ca/erddap')
  })

  test('whatever comes in, nothing is thrown and only known sources come out', () => {
    fc.assert(
      fc.property(fc.string(), (slug) => {
        const found = resolveSlug(slug, ['https://a.ca/erddap'])
        expect(found === null || found === 'https://a.ca/erddap').toBe(true)
        decodeUrlSlug(slug)
      }),
    )
  })
})
