import { Attributes, viewOf } from './attributes.ts'
import { align4, attributeTypeMask, littleEndian, messageFlags, messageHeaderSize } from './constants.ts'
import { type ExtendedAck, NetlinkDecodeError } from './errors.ts'

/** `struct nlmsghdr` and what follows it (include/uapi/linux/netlink.h). */
export interface NetlinkMessage {
  /** `NLMSG_*`, or the family's own. 16 bits. */
  readonly type: number
  /** `NLM_F_*`, 16 bits: see `messageFlags`. */
  readonly flags: number
  /** Sequence number: an answer repeats its request's. */
  readonly sequence: number
  /** Port id of the socket that the message belongs to; 0 in requests. */
  readonly port: number
  /** What follows the header, without padding. */
  readonly payload: Uint8Array
}

/** @returns the message's bytes, padded to four. @throws {RangeError} when a header field does not fit. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  checkRange('type', message.type, 0xffff)
  checkRange('flags', message.flags, 0xffff)
  checkRange('sequence', message.sequence, 0xffff_ffff)
  checkRange('port', message.port, 0xffff_ffff)
  const length = messageHeaderSize + message.payload.byteLength
  const bytes = new Uint8Array(align4(length))
  const view = viewOf(bytes)
  view.setUint32(0, length, littleEndian)
  view.setUint16(4, message.type, littleEndian)
  view.setUint16(6, message.flags, littleEndian)
  view.setUint32(8, message.sequence, littleEndian)
  view.setUint32(12, message.port, littleEndian)
  bytes.set(message.payload, messageHeaderSize)
  return bytes
}

/**
 * Splits one datagram into its messages. Payloads are views into `bytes`.
 *
 * @throws {NetlinkDecodeError} when a length does not fit what is there
 */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes)
  const messages: NetlinkMessage[] = []
  let at = 0
  while (at < bytes.byteLength) {
    if (bytes.byteLength - at < messageHeaderSize)
      throw new NetlinkDecodeError(`${bytes.byteLength - at} stray bytes after the last message`)
    const length = view.getUint32(at, littleEndian)
    if (length < messageHeaderSize || length > bytes.byteLength - at)
      throw new NetlinkDecodeError(
        `the message at byte ${at} claims ${length} bytes, ${bytes.byteLength - at} are there`,
      )
    messages.push({
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      port: view.getUint32(at + 12, littleEndian),
      payload: bytes.subarray(at + messageHeaderSize, at + length),
    })
    at += align4(length)
  }
  return messages
}

/** What an NLMSG_ERROR or NLMSG_DONE message says. */
export interface Acknowledgement {
  /** 0 for success, else a positive error number. */
  readonly errno: number
  /** What the kernel adds to the number. */
  readonly extendedAck: ExtendedAck
}

/** `enum nlmsgerr_attrs`. */
const errorAttributes = { message: 1, offset: 2, missingType: 5 } as const

/**
 * Reads NLMSG_ERROR: `struct nlmsgerr` (the error and the header of the request), then attributes when
 * NLM_F_ACK_TLVS is set. Without NLM_F_CAPPED the whole request stands between the two.
 *
 * @param request the bytes of the request, from its header on, to say which attribute is at fault
 * @throws {NetlinkDecodeError} when it is too short
 */
export function decodeErrorMessage(message: NetlinkMessage, request?: Uint8Array): Acknowledgement {
  const { payload } = message
  if (payload.byteLength < 4 + messageHeaderSize)
    throw new NetlinkDecodeError(`an error message has ${payload.byteLength} bytes of payload, expected 20`)
  const view = viewOf(payload)
  const result = view.getInt32(0, littleEndian)
  if (result > 0) throw new NetlinkDecodeError(`the kernel answered with a positive error number, ${result}`)
  const capped = (message.flags & messageFlags.capped) !== 0
  const echoed = capped ? messageHeaderSize : align4(view.getUint32(4, littleEndian))
  return decodeAcknowledgement(message, 4 + echoed, request)
}

/** Reads NLMSG_DONE: a dump's result (absent in some old dumps: success), then attributes as in an error message. */
export function decodeDoneMessage(message: NetlinkMessage, request?: Uint8Array): Acknowledgement {
  if (message.payload.byteLength < 4) return { errno: 0, extendedAck: { message: '' } }
  return decodeAcknowledgement(message, 4, request)
}

function decodeAcknowledgement(
  { payload, flags }: NetlinkMessage,
  attributesAt: number,
  request: Uint8Array | undefined,
): Acknowledgement {
  const result = viewOf(payload).getInt32(0, littleEndian)
  // A dump callback may end on a positive count; only negative values are errors.
  const errno = result < 0 ? -result : 0
  if ((flags & messageFlags.ackAttributes) === 0) return { errno, extendedAck: { message: '' } }
  const attributes = Attributes.parse(payload, attributesAt)
  const attributeOffset = attributes.u32(errorAttributes.offset)
  const missingAttribute = attributes.u32(errorAttributes.missingType)
  const attributeType =
    attributeOffset === undefined || request === undefined
      ? undefined
      : attributeTypeAt(request, attributeOffset)
  return {
    errno,
    extendedAck: {
      message: attributes.string(errorAttributes.message) ?? '',
      ...(attributeOffset === undefined ? {} : { attributeOffset }),
      ...(attributeType === undefined ? {} : { attributeType }),
      ...(missingAttribute === undefined ? {} : { missingAttribute }),
    },
  }
}

function attributeTypeAt(request: Uint8Array, offset: number): number | undefined {
  if (offset + 4 > request.byteLength) return undefined
  return viewOf(request).getUint16(offset + 2, littleEndian) & attributeTypeMask
}

function checkRange(name: string, value: number, maximum: number): void {
  if (!Number.isInteger(value) || value < 0 || value > maximum)
    throw new RangeError(`netlink message: ${name} ${value} is not within 0..${maximum}`)
}
