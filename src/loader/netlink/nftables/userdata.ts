import { viewOf } from '../core/attributes.ts'

/** `nft` refuses longer comments (nftables, src/parser_bison.y: NFTNL_UDATA_COMMENT_MAXLEN, 128 with the NUL). */
const maximumCommentLength = 127

/**
 * Userdata is nobody's business in the kernel; `nft` keeps comments in it, as items of type (one byte), length (one
 * byte) and value (libnftnl, include/udata.h).
 */
export function encodeUserdata(
  items: readonly { readonly type: number; readonly value: Uint8Array }[],
): Uint8Array {
  return Uint8Array.from(items.flatMap(({ type, value }) => [type, value.byteLength, ...value]))
}

/** @returns a comment as an item's value. @throws {RangeError} when it is longer than 127 bytes or contains a NUL. */
export function commentItem(comment: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${comment}\0`)
  if (bytes.byteLength > maximumCommentLength + 1 || comment.includes('\0'))
    throw new RangeError(`a comment has at most ${maximumCommentLength} bytes and no NUL: ${comment}`)
  return bytes
}

/** A 32-bit number as an item's value, in host byte order as `nft` keeps it. */
export function numberItem(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value, true)
  return bytes
}

/** @returns the comment among `userdata`'s items; `undefined` when there is none, or it is not as `nft` writes it. */
export function commentOf(userdata: Uint8Array | undefined, type: number): string | undefined {
  if (userdata === undefined) return undefined
  for (let at = 0; at + 2 <= userdata.byteLength; ) {
    const length = userdata[at + 1] ?? 0
    const value = userdata.subarray(at + 2, at + 2 + length)
    if (value.byteLength < length) return undefined
    if (userdata[at] === type) {
      const end = value.indexOf(0)
      return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end))
    }
    at += 2 + length
  }
  return undefined
}
