import type { Artifact } from './backend.ts'
import type { Runtime } from './runtime.ts'
import type { ArtifactWriter, ProgressBar, RunLog } from './types.ts'

/** Above this a server refuses the event of an artifact, and browsers struggle with it. */
export const artifactLimitBytes = 900_000

const keyPattern = /^[a-z0-9-]*$/

/** A key that servers take: lower case, digits and dashes. */
export function artifactKey(key: string | null): string | null {
  if (key === null || keyPattern.test(key)) return key || null
  return (
    key
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|(?<!-)-+$/g, '') || null
  )
}

/** A table that fits, with as many rows from the front as do; the description says how many are shown. */
export function tableArtifact(
  key: string | null,
  rows: readonly Record<string, unknown>[],
  description: string | undefined,
  limitBytes = artifactLimitBytes,
): Artifact {
  const kept: string[] = []
  let bytes = 2
  for (const row of rows) {
    const text = JSON.stringify(row)
    bytes += Buffer.byteLength(text) + 1
    if (bytes > limitBytes) break
    kept.push(text)
  }
  const cut = kept.length < rows.length ? `${kept.length} of ${rows.length} shown` : null
  return {
    type: 'table',
    key: artifactKey(key),
    description: [description, cut].filter(Boolean).join(' – ') || null,
    data: `[${kept.join(',')}]`,
  }
}

/** Markdown that fits: its end is kept, cut at a line, after a note that says what is missing. */
export function markdownArtifact(
  key: string | null,
  markdown: string,
  description: string | undefined,
  limitBytes = artifactLimitBytes,
): Artifact {
  let data = markdown
  const bytes = Buffer.byteLength(markdown)
  if (bytes > limitBytes) {
    const tail = Buffer.from(markdown)
      .subarray(bytes - limitBytes)
      .toString('utf8')
      .replace(/^\uFFFD+/, '')
    const line = tail.indexOf('\n')
    const end = line >= 0 && line < 10_000 ? tail.slice(line + 1) : tail
    data = `*The last ${Buffer.byteLength(end)} of ${bytes} bytes are shown.*\n\n${end}`
    // A fence that was open where the text was cut would turn the rest inside out.
    if ((markdown.match(/^```/gm)?.length ?? 0) % 2 === 0 && (end.match(/^```/gm)?.length ?? 0) % 2 === 1)
      data = data.replace(end, `\`\`\`\n${end}`)
  }
  return { type: 'markdown', key: artifactKey(key), description: description ?? null, data }
}

const progressIntervalMs = 500

/** The artifacts of one run or task run. A failure to store one is logged and never reaches the flow. */
export function artifactWriter(options: {
  create: (artifact: Artifact) => Promise<string | null>
  update: (id: string, artifact: Artifact) => Promise<void>
  log: RunLog
  runtime: Runtime
}): ArtifactWriter {
  const store = async (make: () => Artifact) => {
    try {
      await options.create(make())
    } catch (error) {
      options.log.warn({ error: String(error) }, 'An artifact could not be stored')
    }
  }
  return {
    table: ({ key, rows, description }) => store(() => tableArtifact(key, rows, description)),
    markdown: ({ key, markdown, description }) => store(() => markdownArtifact(key, markdown, description)),
    link: ({ key, url, text, description }) =>
      store(() => markdownArtifact(key, `[${text ?? url}](${url})`, description)),
    async progress({ key, description }) {
      return progressBar({ ...options, key: artifactKey(key), description: description ?? null })
    },
  }
}

async function progressBar(options: {
  create: (artifact: Artifact) => Promise<string | null>
  update: (id: string, artifact: Artifact) => Promise<void>
  log: RunLog
  runtime: Runtime
  key: string | null
  description: string | null
}): Promise<ProgressBar> {
  const { runtime } = options
  let current = { percent: 0, description: options.description }
  let sent = { percent: 0, description: options.description }
  let sentAt = Number.NEGATIVE_INFINITY
  let sending: Promise<void> | null = null
  const artifact = (): Artifact => ({
    type: 'progress',
    key: options.key,
    description: current.description,
    data: current.percent,
  })
  const id = await options.create(artifact()).catch(() => null)
  const changed = () => current.percent !== sent.percent || current.description !== sent.description
  const send = async () => {
    if (id === null || !changed()) return
    sent = { ...current }
    sentAt = runtime.now().getTime()
    await options.update(id, artifact()).catch((error: unknown) => {
      options.log.debug({ error: String(error) }, 'Progress could not be stored')
    })
  }
  return {
    update(percent, description) {
      current = {
        percent: Number.isFinite(percent) ? Math.min(100, Math.max(0, Math.round(percent * 10) / 10)) : 0,
        description: description ?? current.description,
      }
      if (sending || runtime.now().getTime() - sentAt < progressIntervalMs) return
      sending = send().finally(() => {
        sending = null
      })
    },
    async flush() {
      await sending
      await send()
    },
  }
}
