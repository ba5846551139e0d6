import { z } from 'zod'

/** Whether it is a whole address of one of the schemes: `host:443` is a URL too, of the scheme `host`. */
export function isAddress(text: string, schemes: readonly string[]): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  const [scheme = '', rest] = text.trim().split('://')
  return url !== null && url.host !== '' && rest !== undefined && schemes.includes(scheme.toLowerCase())
}

export const webSchemes = ['http', 'https'] as const

export const webAddress = z
  .string()
  .refine(
    (text) => isAddress(text, webSchemes),
    'must be a whole URL that begins with https:// or http://, as https://host/path',
  )
