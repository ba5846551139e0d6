import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LoaderProcess, seededNumbers, startLoader } from '../support/loader-process.ts'
import { dataset, profile, writeRunFolder } from '../support/run-folder.ts'

const rounds = 4
const ids = Array.from({ length: 20 }, (_, n) => `d${n}`)
const folders: string[] = []
const loaders: LoaderProcess[] = []
let data = ''

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'harvester-killed-'))
  folders.push(data)
})
afterAll(async () => {
  for (const loader of loaders) await loader.kill()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function write(version: number): Promise<string> {
  const folder = await writeRunFolder({
    at: `2026-01-0${version}T00:00:00Z`,
    datasets: ids.map((id) => dataset(id, { title: `v${version}` })),
    profiles: ids.flatMap((id, n) =>
      Array.from({ length: 20 }, (_, s) =>
        profile(id, `s${s}`, { latitude: (s * 7 + n) % 60, longitude: -s, n_records: version }),
      ),
    ),
  })
  folders.push(dirname(folder))
  return folder
}

it('an embedded loader that is killed leaves the state before it, for the next process to open', {
  timeout: 1_200_000,
}, async () => {
  const start = (folder: string) => {
    const loader = startLoader(folder, { DATABASE: 'embedded', HARVESTER_DATA_DIR: data })
    loaders.push(loader)
    return loader
  }
  const load = async (folder: string) => {
    const loader = start(folder)
    const found = await loader.found
    loader.begin()
    const milliseconds = await loader.loaded
    await loader.kill()
    return { found, milliseconds }
  }
  const next = await write(2)
  const first = await load(await write(1))
  const random = seededNumbers(7)
  let before: string | undefined
  let longest = first.milliseconds / 2
  for (let killed = 0; killed < rounds; ) {
    const loader = start(next)
    const found = await loader.found
    before ??= found
    expect(found).not.toBe(first.found)
    if (found !== before) break
    loader.begin()
    await sleep(random() * longest)
    await loader.kill()
    killed += 1
    longest *= 0.9
  }
  const last = await load(next)
  expect(last.found).toBe(before)
  const after = await load(next)
  expect(after.found).not.toBe(before)
})
