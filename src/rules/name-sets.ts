/**
 * Which names each cell has, as pairs of small numbers, without an object for any of them: in a hash set while there are
 * few pairs, and a bit for every cell and name once that takes no more memory.
 */
export class NameSets {
  /** Pairs, by hash: the cell plus one at even places (0 is free), the name at odd ones. Empty while there are bits. */
  #slots = new Int32Array(2 * fewestSlots)
  #mask = fewestSlots - 1
  /** A row of `#words` words a cell, a bit a name. */
  #bits: Int32Array | null = null
  #words = 0
  #size = 0
  #cells = 0
  #names = 0

  /** Names of all cells together. */
  get size(): number {
    return this.#size
  }

  add(cell: number, name: number): void {
    if (cell >= this.#cells) this.#cells = cell + 1
    if (name >= this.#names) this.#names = name + 1
    if (this.#bits !== null) {
      const word = name >>> 5
      const at = cell * this.#words + word
      if (word < this.#words && at < this.#bits.length) {
        const before = this.#bits[at]!
        const after = before | (1 << (name & 31))
        if (after === before) return
        this.#bits[at] = after
        this.#size += 1
        return
      }
      this.#widen()
      this.add(cell, name)
      return
    }
    if (!this.#put(cell, name)) return
    this.#size += 1
    if (this.#size > this.#mask * fullest) this.#grow()
  }

  /** Adds pairs, side by side; those with a cell or a name of −1 are passed over. */
  addAll(cells: Int32Array, names: Int32Array): void {
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!
      const name = names[i]!
      if (cell >= 0 && name >= 0) this.add(cell, name)
    }
  }

  /**
   * Gives the names of a cell, as their ranks and in their order.
   * @param ranks of the names, by their numbers
   */
  ranked(cells: number, ranks: Uint32Array): (cell: number) => Uint32Array {
    const starts = new Uint32Array(cells + 1)
    const names = new Uint32Array(this.#size)
    if (this.#bits === null) groupPairs(this.#slots, starts, names, ranks)
    else {
      let n = 0
      eachBit(this.#bits, this.#words, (cell, name) => {
        names[n] = ranks[name]!
        n += 1
        starts[cell + 1] = n
      })
      // A cell without a name begins where it ends.
      for (let cell = 0; cell < cells; cell++) starts[cell + 1] ||= starts[cell]!
    }
    return (cell) => names.subarray(starts[cell]!, starts[cell + 1]!).sort()
  }

  /** @returns whether the pair is new */
  #put(cell: number, name: number): boolean {
    const slots = this.#slots
    let at = hash(cell, name) & this.#mask
    for (;;) {
      const owner = slots[2 * at]!
      if (owner === cell + 1 && slots[2 * at + 1] === name) return false
      if (owner === 0) break
      at = (at + 1) & this.#mask
    }
    slots[2 * at] = cell + 1
    slots[2 * at + 1] = name
    return true
  }

  /** More room for pairs, or bits where these take less. */
  #grow(): void {
    const old = this.#slots
    const slots = (this.#mask + 1) * 2
    const words = wordsFor(this.#names)
    if (this.#cells * words <= 2 * slots) {
      this.#words = words
      this.#bits = new Int32Array(Math.min(roomFor(this.#cells) * words, 2 * slots))
      for (let at = 0; at < old.length; at += 2)
        if (old[at]! > 0)
          this.#bits[(old[at]! - 1) * words + (old[at + 1]! >>> 5)]! |= 1 << (old[at + 1]! & 31)
      this.#slots = new Int32Array(0)
      return
    }
    this.#makeSlots(slots)
    eachPair(old, (cell, name) => this.#put(cell, name))
  }

  /** More room for bits, or pairs where these take less. */
  #widen(): void {
    const old = this.#bits!
    const oldWords = this.#words
    const words = Math.max(oldWords, wordsFor(this.#names))
    const slots = slotsFor(this.#size + 1)
    if (this.#cells * words > 2 * slots) {
      this.#bits = null
      this.#makeSlots(slots)
      eachBit(old, oldWords, (cell, name) => this.#put(cell, name))
      return
    }
    const wider = new Int32Array(
      Math.max(this.#cells * words, Math.min(roomFor(this.#cells) * words, 2 * slots)),
    )
    const rows = Math.floor(old.length / oldWords)
    if (words === oldWords) wider.set(old)
    else
      for (let row = 0; row < rows; row++)
        wider.set(old.subarray(row * oldWords, (row + 1) * oldWords), row * words)
    this.#bits = wider
    this.#words = words
  }

  #makeSlots(slots: number): void {
    this.#slots = new Int32Array(2 * slots)
    this.#mask = slots - 1
  }
}

const fewestSlots = 4096
/** Of the slots, that may be taken. */
const fullest = 0.6

/** Slots that hold so many pairs with room for as many again, a power of two. */
function slotsFor(pairs: number): number {
  let slots = fewestSlots
  while (pairs > slots * fullest) slots *= 2
  return slots
}

/** Words for so many names and some more. */
function wordsFor(names: number): number {
  return Math.ceil((names * 1.125) / 32)
}

function roomFor(cells: number): number {
  return Math.ceil(cells * 1.25)
}

function groupPairs(slots: Int32Array, starts: Uint32Array, names: Uint32Array, ranks: Uint32Array): void {
  for (let at = 0; at < slots.length; at += 2) if (slots[at]! > 0) starts[slots[at]!]! += 1
  for (let cell = 1; cell < starts.length; cell++) starts[cell]! += starts[cell - 1]!
  const next = starts.slice(0, -1)
  eachPair(slots, (cell, name) => {
    names[next[cell]!] = ranks[name]!
    next[cell]! += 1
  })
}

type TakePair = (cell: number, name: number) => void

function eachPair(slots: Int32Array, take: TakePair): void {
  for (let at = 0; at < slots.length; at += 2) if (slots[at]! > 0) take(slots[at]! - 1, slots[at + 1]!)
}

function eachBit(bits: Int32Array, words: number, take: TakePair): void {
  for (let cell = 0, at = 0; at < bits.length; cell++) {
    const end = Math.min(at + words, bits.length)
    for (let first = 0; at < end; at++, first += 32)
      for (let word = bits[at]!; word !== 0; word &= word - 1)
        take(cell, first + 31 - Math.clz32(word & -word))
  }
}

function hash(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
