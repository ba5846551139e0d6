/** How a server words its refusals: ERDDAP 2 in plain text, older ones and the container in HTML. */

import type { Answer } from './hostile.ts'
import type { Refusal } from './query.ts'

const names: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  416: 'Range Not Satisfiable',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
}

export function refusalAnswer(refusal: Refusal, headers: Record<string, string>): Answer {
  const { status, message } = refusal
  const sentence = `${names[status] ?? 'Error'}: ${message}`.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return {
    status,
    headers: {
      ...headers,
      'Content-Description': 'dods-error',
      'Content-Type': 'text/plain;charset=UTF-8',
      ...(status === 400 ? { Connection: 'close' } : {}),
    },
    body: [`Error {\n    code=${status};\n    message="${sentence}";\n}\n`],
  }
}

/** Servers before 2.x: status 500 for whatever went wrong, the sentence inside a page of the container. */
export function legacyRefusalAnswer(refusal: Refusal, headers: Record<string, string>): Answer {
  const status = refusal.status === 401 || refusal.status === 429 ? refusal.status : 500
  const page = containerPage(status, `Error: ${refusal.message}`)
  return { ...page, headers: { ...headers, ...page.headers } }
}

/** A page of the servlet container itself. */
export function containerPage(status: number, message: string): Answer {
  const title = `HTTP Status ${status} \u2013 ${names[status] ?? 'Error'}`
  const safe = message
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
  return {
    status,
    headers: { 'Content-Type': 'text/html;charset=utf-8', 'Content-Language': 'en', Connection: 'close' },
    body: [
      `<!doctype html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1><hr class="line" /><p><b>Type</b> Status Report</p><p><b>Message</b> ${safe}</p><p><b>Description</b> The server cannot or will not process the request.</p><hr class="line" /><h3>Apache Tomcat</h3></body></html>`,
    ],
  }
}
