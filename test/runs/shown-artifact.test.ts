import { expect, it } from 'vitest'
import { z } from 'zod'
import {
  completed,
  createPrefectBackend,
  flow,
  type PrefectSettings,
  prefectSettings,
  runFlow,
} from '../../src/runs/index.ts'
import { prefectClient } from '../../src/runs/prefect/client.ts'
import { listArtifacts } from '../../src/runs/prefect/kept-runs.ts'
import { asMarkdown, fromMarkdown } from '../../src/runs/prefect/shown-artifact.ts'
import { startFakePrefect } from '../support/prefect-fake.ts'

const foreign = [
  '![pixel](https://elsewhere.example/p.png)',
  '[click here](https://elsewhere.example)',
  '[x][y] and [y]: https://elsewhere.example',
  '<img src=x onerror=alert(1)>',
  '<https://elsewhere.example>',
  '\\![pixel](https://elsewhere.example/p.png)',
  '\\\\[click](https://elsewhere.example) \\<b>',
  '`[click](https://elsewhere.example)`',
]

/** A bracket or the start of a tag that no backslash of its own takes its meaning from. */
const meant = (markdown: string) => /(?<!\\)(?:\\\\)*[[<]/.test(markdown)

it.each(foreign)('nothing in “%s” is a link, an image or HTML on a page of Prefect', (text) => {
  expect(meant(text)).toBe(true)
  expect(meant(asMarkdown(text))).toBe(false)
  expect(fromMarkdown(asMarkdown(text))).toBe(text)
})

it('descriptions and tables are shown as they stand, and read back as they were', async () => {
  const server = await startFakePrefect()
  const settings = prefectSettings({ PREFECT_API_URL: server.apiUrl }) as PrefectSettings
  const backend = createPrefectBackend({ settings })
  const client = prefectClient(settings)
  try {
    const [image, , , tag] = foreign as [string, string, string, string]
    const { id } = await runFlow(
      backend,
      flow({
        name: 'Shows',
        description: '',
        parameters: z.object({}),
        runName: () => 'shows',
        async run(_, run) {
          const rows = [{ dataset_id: tag, n: 1, error_message: `answered 500: ${image}` }]
          await run.artifact.table({ key: 'status', rows, description: image })
          const bar = await run.artifact.progress({ key: 'progress', description: 'begins' })
          bar.update(50, tag)
          await bar.flush()
          await run.artifact.markdown({ key: 'log', markdown: '[log](https://here.example/log)' })
          return completed('shown')
        },
      }),
      {},
    )
    const stored = new Map(server.artifacts.map((artifact) => [artifact.key, artifact]))
    expect(stored.get('status')?.data).toBe(
      JSON.stringify([
        { dataset_id: asMarkdown(tag), n: 1, error_message: `answered 500: ${asMarkdown(image)}` },
      ]),
    )
    expect(stored.get('status')).toMatchObject({ description: asMarkdown(image) })
    expect(stored.get('progress')).toMatchObject({ description: asMarkdown(tag) })
    expect(stored.get('log')?.data).toBe('[log](https://here.example/log)')
    const [read] = await listArtifacts(client, [id], 'table')
    expect(read?.description).toBe(image)
  } finally {
    await client.close()
    await backend.close()
    await server.close()
  }
})
