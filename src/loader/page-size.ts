import { readFileSync } from 'node:fs'

/** AT_PAGESZ (include/uapi/linux/auxvec.h). */
const AT_PAGESZ = 6n

let known: number | undefined

/** Bytes of a page of memory on this machine: 4096 on x86-64, up to 65536 on arm64. */
export function pageSize(): number {
  known ??= readPageSize(readFileSync('/proc/self/auxv'))
  return known
}

/** The page size in an auxiliary vector: pairs of 64-bit numbers. @throws {Error} when it is not there */
export function readPageSize(auxiliary: Uint8Array): number {
  const view = new DataView(auxiliary.buffer, auxiliary.byteOffset, auxiliary.byteLength)
  for (let at = 0; at + 16 <= auxiliary.byteLength; at += 16)
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true))
  throw new Error('the auxiliary vector does not say how large a page is')
}
