import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { namesSecret, scrub } from '../secrets.ts'
import { badReferences, tooDeep } from './yaml-limits.ts'

/** A fault of a document: where it is and what is wrong with it. */
export interface Fault {
  line: number | null
  message: string
}

/** A YAML text with the means to say on which line a key stands. */
export interface YamlDocument {
  value: unknown
  faults: Fault[]
  lineOf(path: readonly PropertyKey[]): number | null
}

/**
 * Some hosting panels indent every line after the first of a multi-line variable by the same amount: that indent goes.
 * A text that is valid as it stands is left alone: an indented block below its only key looks the same.
 */
export function stripUniformIndent(text: string): string {
  const plain = text.replace(/\r\n?/g, '\n').trimStart()
  if (tooDeep(plain) || parseDocument(plain).errors.length === 0) return plain
  const [first = '', ...rest] = plain.split('\n')
  const filled = rest.filter((line) => line.trim() !== '')
  const indent = Math.min(...filled.map((line) => line.length - line.trimStart().length))
  return Number.isFinite(indent) ? [first, ...rest.map((line) => line.slice(indent))].join('\n') : plain
}

export function readYaml(text: string): YamlDocument {
  const deep = tooDeep(text)
  if (deep) {
    const line = text.slice(0, deep.offset).split(/\r\n?|\n/).length
    return { value: undefined, faults: [{ line, message: deep.message }], lineOf: () => null }
  }
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    line: counter.linePos(error.pos[0]).line,
    message: `not valid YAML: ${error.message.split('\n')[0]}`,
  }))
  if (faults.length === 0)
    for (const { offset, message } of badReferences(document))
      faults.push({ line: counter.linePos(offset).line, message })
  return {
    value: faults.length === 0 ? withoutNulls(document.toJS({ maxAliasCount: -1 })) : undefined,
    faults,
    lineOf(path) {
      let node: unknown = document.contents
      let line: number | null = null
      for (const key of path) {
        if (isMap(node)) {
          const pair = node.items.find(
            (item) => String((item.key as { value?: unknown })?.value ?? item.key) === String(key),
          )
          const at = (pair?.key as Node | undefined)?.range?.[0]
          if (at !== undefined) line = counter.linePos(at).line
          node = pair?.value
        } else if (isSeq(node)) {
          // The value has no blank entries, and counts without them.
          node = node.items.filter((item) => !isBlank(scalarOf(item, document)))[Number(key)]
          const at = (node as Node | undefined)?.range?.[0]
          if (at !== undefined) line = counter.linePos(at).line
        } else break
      }
      return line
    },
  }
}

/** Says each issue of a failed validation as `key: what is wrong (value)`. */
export function faultsOf(error: z.ZodError, document: YamlDocument): Fault[] {
  return error.issues
    .flatMap((issue) => flatten(issue))
    .map(({ path, message, unknown }) => {
      const value = at(document.value, path)
      // Under a key that nobody knows may be what the writer takes for a password of ours.
      const hidden = unknown || path.some((part) => namesSecret(String(part)))
      const shown =
        hidden || value === undefined || typeof value === 'object'
          ? ''
          : `, not ${scrub(JSON.stringify(value))}`
      return {
        line: document.lineOf(path),
        message: `${path.map(String).join('.') || 'the document'}: ${message}${shown}`,
      }
    })
}

type Issue = z.core.$ZodIssue

interface FlatIssue {
  path: PropertyKey[]
  message: string
  /** The path ends with a key that the schema does not have. */
  unknown?: true
}

function flatten(issue: Issue, base: PropertyKey[] = []): FlatIssue[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown key', unknown: true }))
  if (issue.code === 'invalid_union') {
    // The branch that got furthest says what the writer meant.
    const branches = issue.errors.map((errors) => errors.flatMap((inner) => flatten(inner, path)))
    const deepest = branches.sort((a, b) => depth(b) - depth(a))[0]
    return deepest && depth(deepest) > path.length
      ? deepest
      : [{ path, message: 'has a value of a wrong kind' }]
  }
  return [
    {
      path,
      message: lowerFirst(issue.message.replace(/^Invalid input: /, '').replace(/, received .*/s, '')),
    },
  ]
}

function depth(issues: readonly { path: readonly PropertyKey[] }[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of path) found = (found as Record<PropertyKey, unknown> | undefined)?.[key]
  return found
}

/** Empty values mean the default: a key without value is as good as absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isBlank(item)).map(withoutNulls)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => !isBlank(item))
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]))
}

function isBlank(value: unknown): boolean {
  return value === null || value === ''
}

/** The value of a node that has one, or refers to one; the node itself where it is a list or map. */
function scalarOf(node: unknown, document: Document): unknown {
  const meant = isAlias(node) ? node.resolve(document) : node
  return isScalar(meant) ? meant.value : meant
}
