import { MemoryAccessError, type Place } from './errors.ts'

/** Memory that a program may touch, at one place of the address space. */
export interface Region {
  /** What errors call it. */
  readonly name: string
  readonly base: number
  readonly size: number
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly writable: boolean
  /** What the address stands for, where it is a handle: a map (without bytes), a kernel object. */
  readonly object: object | undefined
}

const pageShift = 12
const pageSize = 1 << pageShift
/** Addresses below are never mapped, so that a null pointer with an offset is noticed. */
const firstPage = 16
/** Addresses stay positive in a signed 32-bit number. */
const lastPage = 0x7fff_ffff >>> pageShift

/**
 * The address space of one run. All addresses fit 31 bits, so that a context's 32-bit `data` field can hold one;
 * every region begins on a page of its own with an unmapped page behind it.
 */
export class Memory {
  /** By page number; for the load and store steps. */
  readonly pages: (Region | undefined)[] = []
  readonly #addresses = new Map<object, number>()
  #next = firstPage

  /** Forgets every region. */
  reset(): void {
    this.pages.length = 0
    this.#addresses.clear()
    this.#next = firstPage
    for (let page = 0; page < firstPage; page++) this.pages.push(undefined)
  }

  /** Makes bytes accessible to the program (shared, not copied). @returns their address */
  map(name: string, bytes: Uint8Array, writable = true): number {
    return this.#add(name, bytes, writable, undefined)
  }

  /** Takes a region away: pointers to it are dangling from now on. */
  unmap(address: number): void {
    const region = this.pages[address >>> pageShift]
    if (region === undefined) return
    for (let page = region.base >>> pageShift; this.pages[page] === region; page++)
      this.pages[page] = undefined
    this.#addresses.delete(region.object ?? region.bytes)
  }

  /** The address of bytes; mapped now if they are not yet. */
  addressOf(bytes: Uint8Array, name: string): number {
    return this.#once(bytes, () => this.map(name, bytes))
  }

  /** The address that stands for an object; with its bytes, if the program may access it directly. */
  handle(object: object, name: string, bytes: Uint8Array = new Uint8Array(0)): number {
    return this.#once(object, () => this.#add(name, bytes, true, object))
  }

  /** The object whose address this is; undefined for memory and for what is mapped nowhere. */
  objectAt(lo: number, hi: number): object | undefined {
    const region = hi === 0 ? this.pages[lo >>> pageShift] : undefined
    return region?.base === lo ? region.object : undefined
  }

  /** The region that holds `size` bytes at an address. @throws {MemoryAccessError} when there is none */
  find(lo: number, hi: number, size: number, write: boolean, place: Place | undefined): Region {
    const region = hi === 0 ? this.pages[lo >>> pageShift] : undefined
    if (region === undefined || (write && !region.writable)) throw this.#error(lo, hi, size, write, place)
    const at = lo - region.base
    if (at < 0 || at + size > region.size) throw this.#error(lo, hi, size, write, place)
    return region
  }

  /** A live view of `size` bytes at an address. @throws {MemoryAccessError} */
  bytes(lo: number, hi: number, size: number, write: boolean, place: Place | undefined): Uint8Array {
    if (size === 0) return new Uint8Array(0)
    const region = this.find(lo, hi, size, write, place)
    return region.bytes.subarray(lo - region.base, lo - region.base + size)
  }

  #once(what: object, add: () => number): number {
    const known = this.#addresses.get(what)
    if (known !== undefined) return known
    const address = add()
    this.#addresses.set(what, address)
    return address
  }

  #add(name: string, bytes: Uint8Array, writable: boolean, object: object | undefined): number {
    const first = this.#next
    const count = Math.max(1, Math.ceil(bytes.byteLength / pageSize))
    if (first + count >= lastPage) throw new Error('the address space of the interpreter is full')
    this.#next = first + count + 1
    const base = first * pageSize
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const region: Region = { name, base, size: bytes.byteLength, bytes, view, writable, object }
    for (let page = 0; page < count; page++) this.pages.push(region)
    this.pages.push(undefined)
    return base
  }

  #error(lo: number, hi: number, size: number, write: boolean, place: Place | undefined): MemoryAccessError {
    const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
    const what = `${write ? 'write' : 'read'} of ${size} ${size === 1 ? 'byte' : 'bytes'} at 0x${address.toString(16)}`
    const region = hi === 0 ? this.#near(lo) : undefined
    if (region === undefined)
      return new MemoryAccessError(
        `${what}, where there is no memory`,
        address,
        place,
        hi === 0 && lo >>> 0 < firstPage * pageSize
          ? 'It is a null pointer, or a number close to 0.'
          : 'It is no pointer, or one to memory that is gone.',
      )
    const at = lo - region.base
    if (region.object !== undefined && region.size === 0)
      return new MemoryAccessError(
        `${what}: ${region.name} cannot be read or written directly`,
        address,
        place,
        'Only helper functions take this pointer.',
      )
    if (at >= 0 && at + size <= region.size)
      return new MemoryAccessError(`${what}: ${region.name} is read-only`, address, place, '')
    const from = at < 0 ? `${-at} bytes before` : `at offset ${at} of`
    return new MemoryAccessError(
      `${what}: outside of ${region.name}, ${from} its ${region.size} bytes`,
      address,
      place,
      'Check the bounds before the access.',
    )
  }

  /** The region at an address, or the one that ends or begins in the pages around it. */
  #near(lo: number): Region | undefined {
    const page = lo >>> pageShift
    return this.pages[page] ?? this.pages[page - 1] ?? this.pages[page + 1]
  }
}
