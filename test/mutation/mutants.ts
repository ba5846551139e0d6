/** Changes that a test should notice: one condition, operator, number or call of a source each. */
import { parseSync } from 'vite'

export interface Mutant {
  file: string
  line: number
  /** The line, with what becomes of what: `if (⟦a < b → a <= b⟧)`. */
  shown: string
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

/** What stands in the place of a node while a mutant is the one that runs. */
interface Variant {
  mutant: number
  text: string
}

const operators = new Map(
  Object.entries({
    '<': '<=',
    '<=': '<',
    '>': '>=',
    '>=': '>',
    '===': '!==',
    '!==': '===',
    '&&': '||',
    '||': '&&',
    '+': '-',
    '-': '+',
    '*': '/',
    '/': '*',
    '%': '*',
    '+=': '-=',
    '-=': '+=',
  }),
)
const methods = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    min: 'max',
    max: 'min',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    floor: 'ceil',
    ceil: 'floor',
    indexOf: 'lastIndexOf',
    lastIndexOf: 'indexOf',
  }),
)
const binary = ['BinaryExpression', 'LogicalExpression', 'AssignmentExpression']

/**
 * Puts all mutants of a source into it. The one whose number `globalThis.isMutant` says yes to runs; else all is as it
 * was. They are added to `mutants`, whose indexes are the numbers.
 */
export function withMutants(file: string, code: string, mutants: Mutant[]): string {
  const variants = new Map<Node, Variant[]>()

  /** Replaces `from` to `to` within a node, which is an expression. */
  const change = (node: Node, from: number, to: number, text: string) => {
    const begin = code.lastIndexOf('\n', from - 1) + 1
    const end = code.indexOf('\n', to)
    const shown = `${code.slice(begin, from)}⟦${code.slice(from, to)} → ${text}⟧${code.slice(to, end)}`
    mutants.push({
      file,
      line: code.slice(0, from).split('\n').length,
      shown: shown.replaceAll(/\s+/g, ' ').trim(),
    })
    const whole = code.slice(node.start, from) + text + code.slice(to, node.end)
    variants.set(node, [...(variants.get(node) ?? []), { mutant: mutants.length - 1, text: whole }])
  }

  /** @param chain the `a?.b.c` that the node is a part of, which cannot be taken apart */
  const find = (node: Node, chain: Node | undefined) => {
    const whole = chain ?? node
    if (binary.includes(node.type)) {
      const [left, right] = [node.left as Node, node.right as Node]
      const operator = node.operator as string
      const other = operators.get(operator)
      // Text is joined by + as numbers are added: what has a text beside it cannot be subtracted.
      if (other && !isText(left) && !isText(right)) {
        const from = left.end + code.slice(left.end, right.start).indexOf(operator)
        change(whole, from, from + operator.length, other)
      }
      if (operator === '??') change(whole, left.end, node.end, '')
    }
    if (node.type === 'ConditionalExpression' || node.type === 'IfStatement') {
      const test = node.test as Node
      for (const value of ['true', 'false']) change(test, test.start, test.end, value)
    }
    if (node.type === 'UnaryExpression' && node.operator === '!')
      change(whole, node.start, node.start + 1, '')
    if (node.type === 'Literal' && typeof node.value === 'boolean')
      change(whole, node.start, node.end, String(!node.value))
    if (node.type === 'Literal' && typeof node.value === 'number')
      change(whole, node.start, node.end, `(${node.raw} + 1)`)
    if (node.type === 'CallExpression') {
      const name = (node.callee as Node).property as Node | undefined
      const other = methods.get(String(name?.name))
      if (name && other) change(whole, name.start, name.end, other)
      if (name?.name === 'filter') change(whole, name.start, node.end, 'slice()')
    }
    for (const child of childrenOf(node))
      find(child, node.type === 'ChainExpression' ? node : isLink(node, child) ? chain : undefined)
  }

  const written = (node: Node): string => {
    let text = ''
    let at = node.start
    for (const child of childrenOf(node)) {
      // `{ a }` is key and value at one place.
      if (child.start < at) continue
      // Without semicolons a statement that begins with a parenthesis would go on with the line before.
      const apart = child.type === 'ExpressionStatement' && /^(Block|Program)/.test(node.type)
      text += code.slice(at, child.start) + (apart ? ';' : '') + written(child)
      at = child.end
    }
    text += code.slice(at, node.end)
    const own = variants.get(node)
    if (!own) return text
    const choices = own.map((variant) => `globalThis.isMutant(${variant.mutant}) ? (${variant.text}) : `)
    return `(${choices.join('')}(${text}))`
  }

  const program = parseSync(file, code).program as unknown as Node
  find(program, undefined)
  return code.slice(0, program.start) + written(program) + code.slice(program.end)
}

function isText(node: Node): boolean {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string')
}

/** What is a part of its parent's chain, not an expression beside it such as an argument. */
function isLink(parent: Node, child: Node): boolean {
  return child === parent.object || child === parent.callee || child === parent.expression
}

/** In the order of the text, without types, and names that are no expressions. */
function childrenOf(node: Node): Node[] {
  return Object.entries(node)
    .flatMap(([key, value]) => {
      const isName = key === 'key' && node.computed !== true
      const isTypes = key.startsWith('type') || key === 'returnType' || key === 'superTypeArguments'
      return isName || isTypes ? [] : Array.isArray(value) ? value : [value]
    })
    .filter((value): value is Node => typeof value?.type === 'string' && typeof value.start === 'number')
    .filter(({ type }) => !/^TS(?!AsExpression|SatisfiesExpression|NonNullExpression)/.test(type))
    .sort((a, b) => a.start - b.start)
}
