import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readHarvestConfig } from '../../src/config/harvest.ts'
import { deploymentSlugs, hostSlug, slugOf, urlSlug } from '../../src/config/slug.ts'
import { findSource } from '../../src/config/source.ts'
import { harvestParameters } from '../../src/flows/harvest-source.ts'
import { checkRefuses } from '../support/check-refuses.ts'

const refusedToo = checkRefuses()

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'))
  mkdirSync(join(folder, 'config'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (text: string, name = 'config/harvest.yaml') => writeFileSync(join(folder, name), text)
const read = (more: Partial<Parameters<typeof readHarvestConfig>[0]> = {}) => {
  try {
    return readHarvestConfig({ env: {}, folder, ...more })
  } catch (error) {
    const path = join(folder, 'config/harvest.yaml')
    const harvest = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const { message } = error as Error
    if (more.file === undefined)
      refusedToo({ harvest, env: more.env ?? {} }, message.slice(message.indexOf('\n')))
    throw error
  }
}
const messageOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

describe('the harvest configuration', () => {
  it('that a site has already works unchanged, empty values meaning the default', () => {
    write(`erddap_urls:
  - https://erddap.ogsl.ca/erddap/
  - https://data.cioospacific.ca/erddap
cache: false
folder:
dataset_ids:
log_time: true
log_level: DEBUG
log_dir:
flush_redis: false
incremental: true
obis_dataset_ids:
obis_geo_filter:
  mode: none
`)
    const { settings, sources } = read()
    expect(sources.map(({ url, slug }) => [url, slug])).toEqual([
      ['https://erddap.ogsl.ca/erddap', 'erddap-ogsl-ca'],
      ['https://data.cioospacific.ca/erddap', 'data-cioospacific-ca'],
    ])
    expect(settings).toMatchObject({
      folder: 'harvest',
      incremental: true,
      ckan_url: 'https://catalogue.cioos.ca',
      log_level: 'DEBUG',
    })
    expect(sources[0]).toMatchObject({ concurrency: 1, datasetIds: null, skipDatasetIds: [] })
  })

  it('may give a source options of its own', () => {
    write(`erddap_urls:
  - url: https://e.example/erddap
    concurrency: 2
    requests_per_second: 0.5
    dataset_ids: [a, "7"]
    contact: ops@example.org
skip_dataset_ids: [z]
`)
    expect(read().sources[0]).toMatchObject({
      concurrency: 2,
      requestsPerSecond: 0.5,
      datasetIds: ['a', '7'],
      skipDatasetIds: ['z'],
      contact: 'ops@example.org',
    })
  })

  it.each(['[]', '', '\n  -', '[""]'])(
    'takes an empty list of the only datasets, as "%s", for all',
    (empty) => {
      const indented = empty.replace('\n', '\n    ')
      write(
        `erddap_urls:\n  - url: https://e.example/erddap\n    dataset_ids: ${indented}\ndataset_ids: ${empty}\n`,
      )
      expect(read().sources[0]).toMatchObject({ datasetIds: null })
      write(
        `erddap_urls:\n  - url: https://e.example/erddap\n    dataset_ids: ${indented}\ndataset_ids: [a]\n`,
      )
      const { settings, sources } = read()
      expect(sources[0]).toMatchObject({ datasetIds: ['a'] })
      const parameters = harvestParameters.parse({
        dataset_ids: [],
        source_options: { ...sources[0], datasetIds: [] },
      })
      expect(parameters).toMatchObject({ dataset_ids: null, source_options: { datasetIds: null } })
      expect(settings.dataset_ids).toEqual(['a'])
    },
  )

  it('names every unknown key and every bad value at once, each with its line', () => {
    write(`erddap_urls:
  - https://e.example/erddap
  - ftp://f.example
cahce: true
incremental: perhaps
prune:
  missing_runs: 0
  max_shore: 1
`)
    const message = messageOf(read)
    expect(message).toContain('line 4: cahce: unknown key')
    expect(message).toMatch(/line 5: incremental: .*"perhaps"/)
    expect(message).toMatch(/line 7: prune\.missing_runs: .*0/)
    expect(message).toContain('line 8: prune.max_shore: unknown key')
  })

  it('says which address is none, and on which line', () => {
    write('erddap_urls:\n  - https://e.example/erddap\n  - ftp://f.example\n  - not a url\n')
    const message = messageOf(read)
    expect(message).toContain('line 3: erddap_urls.1: "ftp://f.example"')
    expect(message).toContain('line 4: erddap_urls.2: "not a url"')
  })

  it.each([
    ['HTTPS://E.Example.org/erddap/', 'https://e.example.org/erddap'],
    ['https://e.example.org:443/erddap//', 'https://e.example.org/erddap'],
    ['http://E.EXAMPLE.org:80', 'http://e.example.org'],
    [' HTTP://127.0.0.1:22511/erddap/ ', 'http://127.0.0.1:22511/erddap'],
    ['https://e.example.org/Erddap/x.html?a#b', 'https://e.example.org/Erddap/x.html'],
  ])('stores %s as %s', (written, stored) => {
    write(`erddap_urls: ["${written}"]`)
    const { sources } = read()
    expect(sources.map(({ url }) => url)).toEqual([stored])
    expect(findSource(sources, written).url).toBe(stored)
  })

  it.each([
    ['https://e.example.org/erddap/index.html', 'https://e.example.org/erddap'],
    ['https://e.example.org/erddap/convert/index.html', 'https://e.example.org/erddap'],
    ['http://e.example.org:8080/index.html?x', 'http://e.example.org:8080'],
  ])('takes %s for a page of %s', (page, server) => {
    write(`folder: out\nerddap_urls: ["${page}"]`)
    expect(messageOf(read)).toContain(
      `line 2: erddap_urls.0: "${page}" is a page of a server and not the server`,
    )
    expect(messageOf(read)).toMatch(new RegExp(`Write ${server.replaceAll('.', '\\.')}$`, 'm'))
  })

  it.each([
    ['in capitals', 'HTTPS://E.Example.org/erddap/', 'https://e.example.org/erddap'],
    ['by http and https', 'http://e.example.org/erddap', 'https://e.example.org/erddap'],
    ['with and without its port', 'https://e.example.org:443/erddap', 'http://e.example.org/erddap'],
    ['as it is', 'https://e.example.org/erddap', 'https://e.example.org/erddap'],
  ])('refuses a server that is named twice, %s, with both lines', (_how, one, other) => {
    write(
      `folder: out\nerddap_urls:\n  - ${one}\n  - https://f.example\n  - url: ${other}\n    concurrency: 2\n`,
    )
    const message = messageOf(read)
    expect(message).toMatch(/line 5: erddap_urls\.2: .* is named twice: .* in line 3\./)
  })

  it('takes an id for the text that it is, and refuses one that YAML reads as something else', () => {
    write('erddap_urls:\n  - url: https://e.example/erddap\n    dataset_ids:\n      - a\n      - 007\n')
    expect(messageOf(read)).toMatch(/line 5: erddap_urls\.0\.dataset_ids\.1: .*quote it, not 7/)
    write('erddap_urls: [https://e.example/erddap]\nskip_dataset_ids:\n  - 1.10\n  - true\n')
    expect(messageOf(read)).toMatch(
      /line 3: skip_dataset_ids\.0: .*quote it[\s\S]*line 4: skip_dataset_ids\.1: .*quote it/,
    )
    write('erddap_urls: [https://e.example/erddap]\ndataset_ids: ["007", "1.10", NA]\n')
    expect(read().sources[0]).toMatchObject({ datasetIds: ['007', '1.10', 'NA'] })
  })

  it('refuses passwords in addresses, which are public, without repeating them', () => {
    write('erddap_urls: ["https://user:hunter2@e.example/erddap"]\n')
    expect(messageOf(read)).toMatch(/user name or password/)
    expect(messageOf(read)).not.toContain('hunter2')
  })

  it('refuses keys that it does not know without repeating what may be a secret', () => {
    write(`erddap_urls: [https://e.example/erddap]
db_password: hunter2a
redis_host: redis:hunter2b@host
alerts: { smtp_token: hunter2c }
after_success:
  - deployment: { name: x, parameters: {}, api_key: hunter2d }
  - webhook: { token_env: hunter2e, url_env: X }
ckan_url: https://me:hunter2f@c.example/api/3/action
`)
    const message = messageOf(read)
    expect(message).toContain('line 2: db_password: unknown key\n')
    expect(message).toContain('line 4: alerts.smtp_token: unknown key\n')
    expect(message).toMatch(
      /line 7: .*token_env: must be the name of an environment variable, as PORTAL_HOOK_URL$/m,
    )
    expect(message).toMatch(/line 8: ckan_url: .*c\.example/)
    expect(message).not.toContain('hunter2')
  })

  it('warns of keys that older versions had', () => {
    write('erddap_urls: [https://e.example/erddap]\nmax-workers: 4\n')
    expect(read().warnings).toEqual([expect.stringContaining('max-workers')])
  })

  it('comes from -f, else the variable with YAML, else the file that a variable names, else config/harvest.yaml', () => {
    write('erddap_urls: [https://default.example/erddap]')
    write('erddap_urls: [https://flag.example/erddap]', 'flag.yaml')
    write('erddap_urls: [https://file.example/erddap]', 'file.yaml')
    const env = {
      HARVEST_CONFIG_YAML: 'erddap_urls: [https://yaml.example/erddap]',
      HARVEST_CONFIG_FILE: 'file.yaml',
    }
    const host = (config: ReturnType<typeof read>) => new URL(config.sources[0]!.url).host
    expect(host(read({ file: 'flag.yaml', env }))).toBe('flag.example')
    // What is not used is not judged.
    const cut = { HARVEST_CONFIG_B64: 'no Base64' }
    expect(host(read({ file: 'flag.yaml', env: cut }))).toBe('flag.example')
    expect(host(read({ env: { ...env, ...cut } }))).toBe('yaml.example')
    expect(() => read({ env: { ...cut, HARVEST_CONFIG_YAML: '' } })).toThrow(
      'HARVEST_CONFIG_B64 is no text in Base64',
    )
    expect(host(read({ env }))).toBe('yaml.example')
    expect(host(read({ env: { ...env, HARVEST_CONFIG_YAML: ' ' } }))).toBe('file.example')
    expect(host(read())).toBe('default.example')
  })

  it('understands YAML in a variable whose later lines a panel has indented', () => {
    const yaml =
      'erddap_urls:\n      - https://e.example/erddap\n    folder: out\n    obis_geo_filter:\n      mode: none'
    const { settings, sources } = read({ env: { HARVEST_CONFIG_YAML: yaml } })
    expect(sources).toHaveLength(1)
    expect(settings).toMatchObject({ folder: 'out', obis_geo_filter: { mode: 'none' } })
  })

  it('keeps everything but the servers when --url names them', () => {
    write('erddap_urls: [https://e.example/erddap]\nfolder: out\n')
    const config = read({ urls: ['https://other.example/erddap/'] })
    expect(config.sources.map(({ url }) => url)).toEqual(['https://other.example/erddap'])
    expect(config.settings.folder).toBe('out')
  })

  it('reads the skip list beside it, by host', () => {
    write('erddap_urls: [https://e.example/erddap, https://f.example/erddap]')
    write('{"e.example": ["bad_one"]}', 'config/skipped_datasets.json')
    expect(read().sources.map((source) => source.type === 'erddap' && source.skipDatasetIds)).toEqual([
      ['bad_one'],
      [],
    ])
  })

  it('joins what the skip list says of one host, and tells of hosts that are none of its own', () => {
    write('erddap_urls: [http://127.0.0.1:15700/erddap, https://e.example/erddap, https://e.example/other]')
    const list = {
      'http://127.0.0.1:15700/erddap': ['a'],
      '127.0.0.1:15700': ['b'],
      'https://e.example/erddap': ['c'],
      'HTTPS://E.example:443/other/': ['d'],
      'e.example:8443': ['e'],
    }
    write(JSON.stringify(list), 'config/skipped_datasets.json')
    const { sources, warnings } = read()
    expect(sources.map((source) => source.type === 'erddap' && source.skipDatasetIds)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ])
    expect(warnings).toEqual([
      expect.stringContaining('names e.example:8443, which is the host of no source'),
    ])
    expect(read({ urls: ['https://f.example/erddap'] }).warnings).toEqual([])
  })

  it('is in UTF-8, with or without a mark at its beginning, and nothing else', () => {
    const text = 'erddap_urls: [https://e.example/erddap]\ncontact: André\n'
    write(`\uFEFF${text}`)
    write('\uFEFF{"e.example": ["é"]}', 'config/skipped_datasets.json')
    expect(read().sources[0]).toMatchObject({ contact: 'André', skipDatasetIds: ['é'] })
    for (const name of ['harvest.yaml', 'skipped_datasets.json']) {
      writeFileSync(join(folder, 'config', name), Buffer.from(text, 'latin1'))
      expect(() => readHarvestConfig({ env: {}, folder })).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: `${join(folder, 'config', name)} is not in UTF-8`,
          remedy: expect.stringContaining('Save it as UTF-8'),
        }),
      )
      write(text)
    }
  })

  it('takes OBIS datasets from the file, or from the variable that replaces it', () => {
    write('obis_datasets_file: obis.json')
    write('{"datasets":["2d8e2ad2-0000-0000-0000-000000000001"]}', 'config/obis.json')
    expect(read().sources).toEqual([
      {
        type: 'obis',
        url: 'https://obis.org',
        slug: 'obis',
        datasetIds: ['2d8e2ad2-0000-0000-0000-000000000001'],
      },
    ])
    const replaced = read({
      env: { OBIS_DATASETS_JSON: '{"datasets":["2d8e2ad2-0000-0000-0000-000000000002"]}' },
    })
    expect(replaced.sources[0]).toMatchObject({ datasetIds: ['2d8e2ad2-0000-0000-0000-000000000002'] })
  })

  it.each([
    ['a file that is not there', { file: 'nowhere.yaml' }, 'CONFIG_NOT_FOUND'],
    ['nothing at all', {}, 'CONFIG_NOT_FOUND'],
    ['a list instead of keys', { env: { HARVEST_CONFIG_YAML: '- a' } }, 'CONFIG_INVALID'],
    ['broken YAML', { env: { HARVEST_CONFIG_YAML: 'a: [b' } }, 'CONFIG_INVALID'],
    ['no server', { env: { HARVEST_CONFIG_YAML: 'folder: x' } }, 'CONFIG_INVALID'],
  ])('refuses %s', (_, request, code) => {
    expect(() => read(request)).toThrow(expect.objectContaining({ code }))
  })
})

describe('a slug', () => {
  it('names a source in addresses by its URL, in deployments by its host', () => {
    expect(urlSlug('https://erddap.ogsl.ca/erddap')).toBe('erddap-ogsl-ca-erddap')
    expect(hostSlug('https://Erddap.OGSL.ca/erddap')).toBe('erddap-ogsl-ca')
    expect(hostSlug('http://localhost:8080/erddap')).toBe('localhost-8080')
  })

  it('is the URL’s where sources share a host, and never a word with a meaning of its own', () => {
    const slugs = deploymentSlugs([
      'https://a.example/erddap',
      'https://a.example/erddap2',
      'https://b.example/erddap',
      'https://obis/erddap',
      'https://full/erddap',
    ])
    expect([...slugs.values()]).toEqual([
      'a-example-erddap',
      'a-example-erddap2',
      'b-example',
      'obis-erddap',
      'full-erddap',
    ])
  })

  it('is no other source’s, also where two hosts are one once their dots are dashes', () => {
    const urls = ['https://a.b-c.example/erddap', 'https://a-b.c.example/erddap', 'https://b.example/erddap']
    const slugs = deploymentSlugs(urls)
    expect(new Set(slugs.values()).size).toBe(urls.length)
    for (const url of urls) expect(slugOf(url, slugs.get(url)!)).toBe(slugs.get(url))
  })
})

describe('a source', () => {
  const sources = () => {
    write(
      'erddap_urls: [https://a.example/erddap, https://b.example/erddap, https://b.example/other]\nobis_dataset_ids: [2d8e2ad2-0000-0000-0000-000000000001]',
    )
    return read().sources
  }

  it.each([
    'https://a.example/erddap',
    'https://a.example/erddap/',
    'a.example',
    'a-example',
    'a-example-erddap',
    'A.EXAMPLE',
  ])('is found as %s', (name) => {
    expect(findSource(sources(), name).url).toBe('https://a.example/erddap')
  })

  it.each(['obis', 'obis.org', 'https://obis.org'])('OBIS is found as %s', (name) => {
    expect(findSource(sources(), name).type).toBe('obis')
  })

  it('is not guessed: a name for none or several is refused, and says what there is', () => {
    expect(() => findSource(sources(), 'c.example')).toThrow(
      expect.objectContaining({ code: 'SOURCE_UNKNOWN', remedy: expect.stringContaining('a-example') }),
    )
    expect(() => findSource(sources(), 'b.example')).toThrow(/several/)
  })
})
