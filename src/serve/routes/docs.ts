import type { ApiContext } from '../api.ts'
import { inFrench } from '../docs-french.ts'
import { type ApiDocument, apiPage, apiStyle } from '../docs-page.ts'
import { pagePolicy } from '../security.ts'

/** The description of the API, made from the schemas that check it, for machines and for readers. */
export function docsRoutes(api: ApiContext): void {
  const { app, settings, answers } = api
  const describe = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'erddap-harvester',
        version: settings.version,
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
        description:
          'What was harvested, what was not, and why. Reading is public; times are ISO 8601 in UTC. A slug names a source: its URL without scheme and trailing slashes, `.` and `/` as `-`, or the base64url form of the URL.',
      },
      servers: [{ url: settings.basePath || '/' }],
    })
  app.get('/api/openapi.json', (c) => answers.send(c, async () => describe(), { freshSeconds: 3600 }))
  app.get('/api/docs', (c) => {
    const language = c.req.query('lang') === 'fr' ? 'fr' : 'en'
    const document = () => describe() as unknown as ApiDocument
    return answers.send(
      c,
      async () => apiPage(language === 'fr' ? inFrench(document()) : document(), settings.basePath, language),
      {
        contentType: 'text/html; charset=utf-8',
        freshSeconds: 3600,
        headers: { 'content-security-policy': pagePolicy },
      },
    )
  })
  app.get('/api/docs.css', (c) =>
    answers.send(c, async () => apiStyle, {
      contentType: 'text/css; charset=utf-8',
      cacheControl: 'public, max-age=3600',
      freshSeconds: 3600,
    }),
  )
}
