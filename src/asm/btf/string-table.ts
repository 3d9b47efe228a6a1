import { BtfError } from './error.ts'

/** `BTF_MAX_NAME_OFFSET` (include/uapi/linux/btf.h). */
const maxOffset = 0xffffff

/** The string section of a blob: NUL-terminated UTF-8, every text once, the empty one at offset 0. */
export class StringTable {
  readonly #start: number
  readonly #offsets = new Map<string, number>()
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** @param start offset of the section's first byte: in split BTF, the length of the base's strings */
  constructor(start: number) {
    this.#start = start
    this.#offsets.set('', 0)
    if (start === 0) this.#append('')
  }

  /** The offset of `text`, which is added if it is new. @throws {BtfError} `BTF_WRITE` */
  add(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    if (text.includes('\0'))
      throw new BtfError('BTF_WRITE', `${JSON.stringify(text)} contains a NUL character`)
    const offset = this.#start + this.#length
    if (offset > maxOffset)
      throw new BtfError(
        'BTF_WRITE',
        `the strings take more than the ${maxOffset} bytes that BTF has room for`,
      )
    this.#append(text)
    this.#offsets.set(text, offset)
    return offset
  }

  /** The section's bytes. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  #append(text: string): void {
    const part = encoder.encode(`${text}\0`)
    this.#parts.push(part)
    this.#length += part.length
  }
}

const encoder = new TextEncoder()
