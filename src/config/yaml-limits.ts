/**
 * What YAML allows and no configuration needs: values that hold themselves, references that multiply, merge keys,
 * nesting without end. Each is found before anything is made of the document, which would run out of memory.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, Lexer, type Node, Parser } from 'yaml'

/** Where in the text, and what is wrong there. */
export interface Offence {
  offset: number
  message: string
}

/** Deeper than any key of a configuration; the reader of the library is recursive. */
const deepest = 100
/** Values that a document may have once its references are filled in. */
const mostValues = 100_000

/** The place where a text nests too deeply to be read, if there is one. */
export function tooDeep(text: string): Offence | null {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > deepest)
      return { offset: parser.offset, message: `is nested more than ${deepest} levels deep` }
  }
  return null
}

/** Every reference and merge key of a document that cannot be followed. */
export function badReferences(document: Document): Offence[] {
  const offences: Offence[] = []
  const anchors = new Map<string, unknown>()
  const sizes = new Map<unknown, number>()
  const open = new Set<unknown>()
  let exceeded = false
  const offend = (node: unknown, message: string) =>
    void offences.push({ offset: (node as Node).range?.[0] ?? 0, message })

  /** How many values a node stands for. */
  const sizeOf = (node: unknown): number => {
    if (isAlias(node)) return referred(node, node.source)
    const anchor = (node as { anchor?: string } | null)?.anchor
    if (anchor !== undefined) anchors.set(anchor, node)
    open.add(node)
    let size = 1
    if (isSeq(node)) for (const item of node.items) size += sizeOf(item)
    else if (isMap(node))
      for (const { key, value } of node.items) {
        if (isScalar(key) && key.source === '<<' && key.type === 'PLAIN')
          offend(key, '<<: merge keys are not read; write the keys out')
        size += sizeOf(key) + sizeOf(value)
      }
    open.delete(node)
    if (size > mostValues && !exceeded) {
      exceeded = true
      offend(node, `stands for more than ${mostValues} values, once its references are filled in`)
    }
    sizes.set(node, size)
    return size
  }
  const referred = (node: unknown, name: string): number => {
    const target = anchors.get(name)
    if (!anchors.has(name)) offend(node, `*${name} refers to nothing: no value above is marked &${name}`)
    else if (open.has(target)) offend(node, `*${name} refers to a value that holds it itself`)
    return sizes.get(target) ?? 1
  }
  sizeOf(document.contents)
  return offences
}
