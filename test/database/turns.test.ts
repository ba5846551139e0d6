import { describe, expect, it } from 'vitest'
import { TurnQueue } from '../../src/database/embedded/turns.ts'

/** A message: its letter, its length, and what it says. */
function message(letter: string, text = ''): Uint8Array {
  const head = Buffer.alloc(5)
  head.write(letter)
  head.writeInt32BE(text.length + 4, 1)
  return Buffer.concat([head, Buffer.from(text)])
}
const lettersOf = (bytes: Uint8Array) => {
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + Buffer.from(bytes).readInt32BE(at + 1))
    found.push(String.fromCharCode(bytes[at]!))
  return found.join('')
}

/** An engine that notes what it is asked, and answers as it is told, a chunk at a time. */
function fakeEngine(answers: (asked: string) => readonly Uint8Array[]) {
  const asked: string[] = []
  const queue = new TurnQueue({
    async execProtocolRawStream(question, { onRawData }) {
      const letters = lettersOf(question)
      asked.push(letters)
      await Promise.resolve()
      for (const chunk of answers(letters)) onRawData(chunk)
    },
  })
  const ask = async (client: number, ...questions: Uint8Array[]) => {
    const told: Buffer[] = []
    for (const question of questions)
      await queue.enqueue(client, question, (data) => told.push(Buffer.from(data)))
    return told
  }
  return { queue, asked, ask }
}

const prepared = ['P', 'B', 'D', 'E', 'S'].map((letter) => message(letter))
const ready = message('Z', 'I')

describe('the turns of clients at the embedded engine', () => {
  it('give it the messages of a statement in one exchange', async () => {
    const { asked, ask } = fakeEngine(() => [message('1'), message('2'), message('C', 'SELECT 1'), ready])
    const told = await ask(1, ...prepared)
    expect(asked).toEqual(['PBDES'])
    expect(lettersOf(Buffer.concat(told))).toBe('12CZ')
  })

  it('give what was begun to nobody when its client leaves', async () => {
    const { queue, asked, ask } = fakeEngine(() => [ready])
    await ask(1, ...prepared.slice(0, 3))
    queue.clearQueueForHandler(1)
    await queue.clearTransactionIfNeeded(1)
    await ask(2, ...prepared)
    await ask(1, message('Q', 'SELECT 1'))
    expect(asked).toEqual(['PBDES', 'Q'])
  })

  it('answer what asks for an answer before the end', async () => {
    const { asked, ask } = fakeEngine((letters) => (letters === 'S' ? [ready] : [message('1'), message('2')]))
    const told = await ask(1, prepared[0]!, prepared[1]!, message('H'), message('S'))
    expect(asked).toEqual(['PBH', 'S'])
    expect(told.map(lettersOf)).toEqual(['12', 'Z'])
  })

  it('tell once that the engine is ready, although it says so after an error and at the end', async () => {
    const { ask } = fakeEngine(() => [message('1'), message('E', 'refused'), ready, ready])
    expect(lettersOf(Buffer.concat(await ask(1, ...prepared)))).toBe('1EZ')
  })

  it('keep a transaction together', async () => {
    const status: Record<string, string> = { Q: 'T', PBDES: 'I' }
    const { asked, ask } = fakeEngine((letters) => [message('Z', status[letters])])
    await ask(1, message('Q', 'BEGIN'))
    const other = ask(2, message('Q', 'SELECT 2'))
    await ask(1, ...prepared)
    await other
    expect(asked).toEqual(['Q', 'PBDES', 'Q'])
  })

  it.each([1, 700, 8192])('tell long answers whole, in few pieces, from chunks of %i bytes', async (size) => {
    // Rows whose texts look like the end of an answer.
    const rows = Array.from({ length: 100 }, (_, n) =>
      message('D', `${n} ${'x'.repeat(n % 9 === 0 ? 90_000 : n)} Z\0\0\0\x05I`),
    )
    const whole = Buffer.concat([...rows, message('C', 'SELECT'), ready])
    // The first of them; all of a megabyte one by one would only take long.
    const cuts = Array.from({ length: 300 }, (_, at) => (at + 1) * size).filter((at) => at < whole.length)
    const { ask } = fakeEngine(() =>
      [0, ...cuts].map((from, at) => whole.subarray(from, cuts[at] ?? whole.length)),
    )
    const told = await ask(1, message('Q', 'SELECT'))
    expect(Buffer.concat(told).equals(whole)).toBe(true)
    expect(told.length).toBeLessThan(30)
  })

  it('pass on what is no message', async () => {
    const { ask } = fakeEngine(() => [Buffer.from('N')])
    const gss = Buffer.alloc(8)
    gss.writeInt32BE(8, 0)
    gss.writeInt32BE(80_877_104, 4)
    expect(Buffer.concat(await ask(1, gss)).toString()).toBe('N')
  })
})
