/**
 * A 64-bit register as two signed 32-bit halves: V8 keeps those unboxed, where a bigint is a heap object with every
 * operation. Constants of a program are words too, so that an operation has one form and not two.
 */
export class Word {
  /** Bits 0–31, as a signed number. */
  lo = 0
  /** Bits 32–63, as a signed number. */
  hi = 0

  /** Sets all 64 bits; any bigint, wrapped. */
  set(value: bigint): void {
    this.lo = Number(BigInt.asIntN(32, value))
    this.hi = Number(BigInt.asIntN(32, value >> 32n))
  }

  /** Sets a signed number of at most 53 bits. */
  setNumber(value: number): void {
    this.lo = value | 0
    this.hi = Math.floor(value / 2 ** 32) | 0
  }

  /** As an unsigned number. */
  unsigned(): bigint {
    return (BigInt(this.hi >>> 0) << 32n) | BigInt(this.lo >>> 0)
  }

  /** As a signed number. */
  signed(): bigint {
    return (BigInt(this.hi) << 32n) | BigInt(this.lo >>> 0)
  }
}

/** A word with the value of an immediate: sign-extended to 64 bits (RFC 9669 section 4.1). */
export function constantWord(imm: number): Word {
  const word = new Word()
  word.lo = imm | 0
  word.hi = imm < 0 ? -1 : 0
  return word
}

/** `dst = dst * src`, the low 64 bits. */
export function multiply(dst: Word, src: Word): void {
  const a = dst.lo
  const b = src.lo
  const high = (Math.imul(dst.hi, b) + Math.imul(a, src.hi)) | 0
  // The product of the low halves from four 16-bit products; each sum stays below 2^33, exact in a double.
  const [al, ah] = [a & 0xffff, a >>> 16]
  const [bl, bh] = [b & 0xffff, b >>> 16]
  const low = al * bl
  const middle = ah * bl + Math.floor(low / 0x10000)
  const cross = al * bh + (middle % 0x10000)
  const carry = ah * bh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)
  dst.lo = Math.imul(a, b)
  dst.hi = (high + (carry | 0)) | 0
}

/** `dst = dst / src`, unsigned; by zero gives 0. */
export function divide(dst: Word, src: Word): void {
  if (src.lo === 0 && src.hi === 0) {
    dst.lo = 0
    dst.hi = 0
  } else if (isSafe(dst) && isSafe(src)) {
    const [a, b] = [safe(dst), safe(src)]
    dst.setNumber((a - (a % b)) / b)
  } else {
    dst.set(dst.unsigned() / src.unsigned())
  }
}

/** `dst = dst % src`, unsigned; by zero leaves the dividend. */
export function remainder(dst: Word, src: Word): void {
  if (src.lo === 0 && src.hi === 0) return
  if (isSafe(dst) && isSafe(src)) dst.setNumber(safe(dst) % safe(src))
  else dst.set(dst.unsigned() % src.unsigned())
}

/** `dst = dst / src`, signed and truncated towards zero; by zero gives 0. */
export function divideSigned(dst: Word, src: Word): void {
  const by = src.signed()
  dst.set(by === 0n ? 0n : dst.signed() / by)
}

/** `dst = dst % src`, signed, with the sign of the dividend; by zero leaves the dividend. */
export function remainderSigned(dst: Word, src: Word): void {
  const by = src.signed()
  if (by !== 0n) dst.set(dst.signed() % by)
}

/** Whether the unsigned value is below 2^53: then doubles divide exactly. */
function isSafe(word: Word): boolean {
  return word.hi >>> 0 < 0x20_0000
}

function safe(word: Word): number {
  return (word.hi >>> 0) * 2 ** 32 + (word.lo >>> 0)
}

/** The lowest 16 bits with their bytes exchanged. */
export function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff)
}

/** A 32-bit number with its bytes reversed, as a signed number. */
export function swap32(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)
}
