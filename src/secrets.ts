/**
 * Removes what must not be seen: passwords and tokens in addresses, headers and assignments, values of secret-looking
 * keys, and the very values that the environment marks as secret. Every text that leaves the process passes here.
 */

const hidden = '***'
/** Shorter values would be found in every other word. */
const shortestKnown = 6

const secretKey =
  /pass(word|wd|phrase)?$|^pwd$|password|secret|token|api_?key|authorization|auth_?string|cookie|credential|\bdsn$/i

/** Whether what has this name is a secret. */
export function namesSecret(name: string): boolean {
  return secretKey.test(name)
}

/** Facts about secrets that are none: counts and names. */
const assigned = String.raw`[\w-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|auth_?string)`

/** Each looks at a character a bounded number of times: what is scrubbed may be foreign, and as long as an artifact. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // Addresses that are secrets by themselves: whoever knows the path may write.
  [/(\bhooks\.slack(?:-gov)?\.com\/)[^\s"'<>)\]]+/gi, `$1${hidden}`],
  [/(\/services\/)T\w+\/B\w+\/\w+/g, `$1${hidden}`],
  [/(\/api\/webhooks\/)\d+\/[\w-]+/gi, `$1${hidden}`],
  [/(\bwebhook\.office\.com\/)[^\s"'<>)\]]+/gi, `$1${hidden}`],
  // Headers, to the end of the line or of the quotes.
  [
    /\b((?:proxy-)?authorization|set-cookie|cookie|x-(?:[a-z]{1,20}-){0,4}(?:key|token|secret|auth))(\\?["']?\s{0,20}[:=]\s{0,20}\\?["']?)(?![{[\s])[^"'\r\n\\]+/gi,
    `$1$2${hidden}`,
  ],
  [/\b(bearer|basic)(\s{1,20})(?!auth|token|credential|login)[A-Za-z0-9._~+/=-]{6,}/gi, `$1$2${hidden}`],
  // Tokens that tell by their look what they are: Slack, Prefect, GitHub.
  [/\bxox[a-z]-[\w-]{6,}|\bpn[ub]_\w{6,}|\bgh[pousr]_\w{10,}/g, hidden],
  // password=…, "token": "…", DB_PASSWORD='…'
  [
    new RegExp(
      String.raw`((?<![\w-])${assigned})(\\?["']?\s{0,20}=\s{0,20}|\\?["']\s{0,20}:\s{0,20})(\\?"[^"\\]*\\?"|'[^']*'|[^\s&,;"'<>()[\]{}\\]+)`,
      'gi',
    ),
    `$1$2${hidden}`,
  ],
  [
    /([?&](?:key|auth|sig|signature|x-amz-(?:signature|credential|security-token))=)[^&\s"'<>#]+/gi,
    `$1${hidden}`,
  ],
]

/** Runs of what addresses are made of: a password holds any character but a blank and a double quote. */
const addressRun = /[^\s"]+/g
const schemeCharacter = /[a-z0-9+.-]/i
const port = /^\d{1,9}(?:[/?#]|$)/

/** `user:password@` of addresses, and `token@`; a port is no password. */
function withoutUsers(text: string): string {
  return text.replace(addressRun, (run) => {
    const lastAt = run.lastIndexOf('@')
    if (lastAt < 0) return run
    let clean = ''
    let done = 0
    for (let slashes = run.indexOf('://'); slashes >= 0 && slashes < lastAt; ) {
      const start = slashes + 3
      slashes = run.indexOf('://', start)
      if (!schemeCharacter.test(run[start - 4] ?? '')) continue
      const user = endOfUser(run, start)
      let at = -1
      // The password may hold anything, an @ too: it ends with the last of them.
      if (run[user] === ':' && !port.test(run.slice(user + 1, user + 12))) at = lastAt
      else if (run[user] === '@') at = user
      if (at < 0) continue
      clean += `${run.slice(done, start)}${hidden}`
      done = at
      if (at === lastAt) break
    }
    return clean + run.slice(done)
  })
}

/** Where a user's name ends: at the first of `/?#@:`, or at the end. */
function endOfUser(run: string, start: number): number {
  let at = start
  while (at < run.length && !'/?#@:'.includes(run[at]!)) at += 1
  return at
}

/** JSON web tokens: three parts of base64url with dots between, the first beginning with `eyJ`. */
function withoutWebTokens(text: string): string {
  if (!text.includes('eyJ')) return text
  return text.replace(/[\w.-]+/g, (run) => {
    if (!run.includes('eyJ')) return run
    const parts = run.split('.')
    const clean: string[] = []
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at]!
      const start = at + 2 < parts.length ? part.search(/\beyJ/) : -1
      const isToken = start >= 0 && part.length - start >= 11 && parts[at + 1]!.length >= 4
      clean.push(isToken ? `${part.slice(0, start)}${hidden}` : part)
      if (isToken) at += 2
    }
    return clean.join('.')
  })
}

const known = new Set<string>()
let knownPattern: RegExp | null = null

/**
 * Makes values known that are hidden wherever they appear, as they are and as JSON and addresses write them. Of an
 * address with a user its password (or token) counts, so that host and path can still be read; of any other the whole.
 * The user of a database or mail server without a password is no secret.
 * Values of fewer than 6 characters are left out.
 */
export function registerSecrets(values: Iterable<string>): void {
  for (const value of values)
    for (const part of partsOf(value.trim()))
      if (part.length >= shortestKnown)
        for (const form of [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part)])
          known.add(form)
  const forms = [...known].sort((a, b) => b.length - a.length)
  knownPattern = forms.length === 0 ? null : new RegExp(forms.map(patternOf).join('|'), 'g')
}

/** A password that is a word, as `harvester`, is hidden where it stands alone, not within the names of things. */
function patternOf(form: string): string {
  const literal = form.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return /^[a-z]{1,15}$/i.test(form) ? `(?<![\\w-])${literal}(?![\\w-])` : literal
}

/** For tests: nothing is known any more. */
export function forgetSecrets(): void {
  known.clear()
  knownPattern = null
}

function partsOf(value: string): string[] {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    const authority = /^[^/]*\/\/([^/?#]*)@/.exec(value)?.[1]
    if (authority !== undefined) {
      if (!authority.includes(':') && !/^https?:/i.test(value)) return []
      const secret = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : authority
      return [secret, decoded(secret)]
    }
    const path = value.replace(/^[^/]*\/\/[^/]*/, '')
    // The long path of a webhook is its secret, also where it is written without the host.
    return path.length >= 16 ? [value, path] : [value]
  }
  const colon = value.indexOf(':')
  if (colon <= 0) return [value]
  // user:password, also as a header carries it
  return [value, value.slice(colon + 1), Buffer.from(value).toString('base64')]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A text without secrets. Scrubbing twice changes nothing more. */
export function scrub(text: string): string {
  let clean = knownPattern === null ? text : text.replace(knownPattern, hidden)
  clean = withoutWebTokens(withoutUsers(clean))
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement)
  return clean
}

/** A copy of facts for a log, without secrets. Depth is bounded: logs are not a place for object graphs. */
export function scrubFacts(facts: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      scrub(key),
      secretKey.test(key) && holdsText(value) ? hidden : scrubValue(value, depth),
    ]),
  )
}

/** A number or a truth value under a secret-looking key says how many or whether, not what. */
function holdsText(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== 'number' && typeof value !== 'boolean'
}

function scrubValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrub(value)
  if (value instanceof Error)
    return {
      ...('code' in value ? { code: value.code } : {}),
      message: scrub(value.message),
      stack: scrub(value.stack ?? ''),
    }
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return depth > 3 ? '…' : value.map((item) => scrubValue(item, depth + 1))
  if (value !== null && typeof value === 'object')
    return depth > 3 ? '…' : scrubFacts(value as Record<string, unknown>, depth + 1)
  return value
}

/** A copy of a value as JSON would carry it, without secrets, however deep. */
export function scrubJson<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key: string, inner: unknown) =>
      key !== '' && secretKey.test(key) && holdsText(inner)
        ? hidden
        : typeof inner === 'string'
          ? scrub(inner)
          : inner,
    ),
  ) as T
}

/** A copy of an error whose texts, and those of its causes, are without secrets. */
export function scrubError(error: Error, depth = 0): Error {
  const cause =
    error.cause instanceof Error && depth < 5
      ? scrubError(error.cause, depth + 1)
      : typeof error.cause === 'string'
        ? scrub(error.cause)
        : undefined
  const copy = new Error(scrub(error.message), cause === undefined ? undefined : { cause })
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = scrub(error.stack)
  else delete copy.stack
  return copy
}
