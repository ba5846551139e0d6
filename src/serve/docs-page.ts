/** The API's description as a page that loads nothing: made on the server, from the OpenAPI document. */
import type { Language } from '../rules/reasons/index.ts'

interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  enum?: unknown[]
  const?: unknown
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

interface Operation {
  summary?: string
  description?: string
  security?: unknown[]
  parameters?: Array<{ name: string; in: string; required?: boolean; description?: string; schema?: Schema }>
  requestBody?: { content?: Record<string, { schema?: Schema }> }
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>
}

export interface ApiDocument {
  info: { title: string; version: string; description?: string }
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

const english = {
  version: 'Version',
  document: 'OpenAPI 3.1 document',
  requests: 'Requests',
  shapes: 'Shapes',
  required: ', required',
  optional: ' (optional)',
  token: 'Needs the header <code>Authorization: Bearer …</code>.',
  parameter: 'Parameter',
  in: 'In',
  type: 'Type',
  meaning: 'Meaning',
  body: 'Body',
  status: 'Status',
  answer: 'Answer',
  field: 'Field',
  or: ' or ',
  list: 'list of ',
  anything: 'anything',
  types: {} as Readonly<Record<string, string>>,
  places: {} as Readonly<Record<string, string>>,
}
type Words = typeof english

const wordsOf: Readonly<Record<Language, Words>> = {
  en: english,
  fr: {
    version: 'Version',
    document: 'Document OpenAPI 3.1',
    requests: 'Requêtes',
    shapes: 'Formes',
    required: ', obligatoire',
    optional: ' (facultatif)',
    token: 'Exige l’en-tête <code>Authorization: Bearer …</code>.',
    parameter: 'Paramètre',
    in: 'Où',
    type: 'Type',
    meaning: 'Sens',
    body: 'Corps',
    status: 'État',
    answer: 'Réponse',
    field: 'Champ',
    or: ' ou ',
    list: 'liste de ',
    anything: 'n’importe quoi',
    types: {
      string: 'texte',
      number: 'nombre',
      integer: 'entier',
      boolean: 'booléen',
      object: 'objet',
      null: 'null',
      anything: 'n’importe quoi',
    },
    places: { path: 'chemin', query: 'requête', header: 'en-tête' },
  },
}

/** @param document its texts in the language of the page */
export function apiPage(document: ApiDocument, basePath: string, language: Language = 'en'): string {
  const words = wordsOf[language]
  const other = language === 'en' ? 'fr' : 'en'
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationBlock(words, basePath + path, method, operation),
    ),
  )
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<section id="schema-${text(name)}"><h3>${text(name)}</h3>${properties(words, schema)}</section>`,
  )
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · ${text(document.info.title)}</title>
<link rel="stylesheet" href="${text(basePath)}/api/docs.css">
</head>
<body>
<main>
<p><a href="${text(basePath)}/harvest?lang=${language}">← ${text(document.info.title)}</a> · <a href="${text(basePath)}/api/docs?lang=${other}" lang="${other}" hreflang="${other}">${other === 'fr' ? 'Français' : 'English'}</a></p>
<h1>API</h1>
<p>${prose(document.info.description ?? '')}</p>
<p>${words.version} ${text(document.info.version)} · <a href="${text(basePath)}/api/openapi.json">${words.document}</a></p>
<h2>${words.requests}</h2>
${operations.join('\n')}
<h2>${words.shapes}</h2>
${schemas.join('\n')}
</main>
</body>
</html>
`
}

function operationBlock(words: Words, path: string, method: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${text(parameter.name)}</code></td><td>${text(words.places[parameter.in] ?? parameter.in)}${parameter.required ? words.required : ''}</td><td>${shape(words, parameter.schema)}</td><td>${prose(parameter.description ?? parameter.schema?.description ?? '')}</td></tr>`,
  )
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const [type, content] = Object.entries(response.content ?? {})[0] ?? []
    const what = content
      ? `${shape(words, content.schema)}${type === 'application/json' ? '' : ` (${text(type ?? '')})`}`
      : ''
    return `<tr><td>${text(status)}</td><td>${prose(response.description ?? '')}</td><td>${what}</td></tr>`
  })
  return `<section>
<h3><span class="method">${text(method.toUpperCase())}</span> <code>${text(path)}</code></h3>
<p>${prose(operation.summary ?? '')}</p>
${operation.description ? `<p>${prose(operation.description)}</p>` : ''}
${operation.security?.length ? `<p>${words.token}</p>` : ''}
${parameters.length > 0 ? `<table><thead><tr><th scope="col">${words.parameter}</th><th scope="col">${words.in}</th><th scope="col">${words.type}</th><th scope="col">${words.meaning}</th></tr></thead><tbody>${parameters.join('')}</tbody></table>` : ''}
${body ? `<p>${words.body}: ${shape(words, body)}</p>` : ''}
<table><thead><tr><th scope="col">${words.status}</th><th scope="col">${words.meaning}</th><th scope="col">${words.answer}</th></tr></thead><tbody>${responses.join('')}</tbody></table>
</section>`
}

function properties(words: Words, schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, property]) =>
      `<tr><td><code>${text(name)}</code>${schema.required?.includes(name) ? '' : words.optional}</td><td>${shape(words, property)}</td><td>${prose(property.description ?? '')}</td></tr>`,
  )
  return `<table><thead><tr><th scope="col">${words.field}</th><th scope="col">${words.type}</th><th scope="col">${words.meaning}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

/** A type in a few words: `text or null`, `list of Run`, `success | skipped | error`. */
function shape(words: Words, schema: Schema | undefined): string {
  if (schema === undefined) return ''
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').pop() ?? ''
    return `<a href="#schema-${text(name)}">${text(name)}</a>`
  }
  if (schema.anyOf) return schema.anyOf.map((one) => shape(words, one)).join(words.or)
  if (schema.enum) return schema.enum.map((value) => `<code>${text(String(value))}</code>`).join(' | ')
  if (schema.const !== undefined) return `<code>${text(String(schema.const))}</code>`
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? words.anything]
  return types
    .map((type) => {
      if (type === 'array') return `${words.list}${shape(words, schema.items)}`
      if (type !== 'object' || !schema.properties) return text(words.types[type] ?? type)
      const inner = Object.entries(schema.properties).map(
        ([name, property]) => `<code>${text(name)}</code>: ${shape(words, property)}`,
      )
      return `{ ${inner.join(', ')} }`
    })
    .join(words.or)
}

/** Text with its `code`. */
function prose(words: string): string {
  return text(words).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function text(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

export const apiStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f6f7f7, #0e1416); color: light-dark(#152126, #e6edef); }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 3vw, 2rem) 4rem; }
h2 { margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
a { color: light-dark(#0b6474, #6ec9da); }
section { background: light-dark(#fff, #151d20); border: 1px solid light-dark(#dfe4e6, #2a363b); border-radius: 10px; padding: 1rem 1.25rem; margin: 1rem 0; overflow-x: auto; }
.method { font-size: .75rem; font-weight: 700; letter-spacing: .04em; padding: .1rem .4rem; border-radius: 4px; background: light-dark(#0b6474, #2f93a6); color: light-dark(#fff, #06181c); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: light-dark(#536168, #a0b0b7); }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid light-dark(#dfe4e6, #2a363b); vertical-align: top; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .88em; }
`
