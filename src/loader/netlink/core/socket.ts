import { EAGAIN, ENOBUFS } from '../../system-constants.ts'
import { controlTypes, messageFlags, type NetlinkProtocol } from './constants.ts'
import { NetlinkError } from './errors.ts'
import {
  type Acknowledgement,
  decodeDoneMessage,
  decodeErrorMessage,
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
} from './message.ts'
import { answerTimeoutSeconds, type NetlinkTransport, openTransport } from './transport.ts'

/** One request to the kernel. */
export interface NetlinkRequest {
  /** What it does, for error messages: `create veth lb0`. */
  readonly attempted: string
  /** Message type, such as RTM_NEWLINK. */
  readonly type: number
  /** `NLM_F_*` besides REQUEST, ACK and DUMP, which are added as needed. */
  readonly flags?: number
  /** The family's header and its attributes, as {@link AttributeWriter} makes them. */
  readonly payload: Uint8Array
}

const dumpAttempts = 8

/**
 * A netlink socket of the network namespace the calling thread was in when it was opened; it stays there, whatever
 * `setns` does later. All calls are synchronous on purpose: the kernel handles a request inside `sendto`, and
 * `setns` affects only the calling thread.
 */
export class NetlinkSocket {
  readonly #transport: NetlinkTransport
  #sequence = 0

  /** Use {@link NetlinkSocket.open}; tests bring a transport of their own. */
  constructor(transport: NetlinkTransport) {
    this.#transport = transport
  }

  /** Opens a socket in the calling thread's network namespace. @throws {SyscallError} when the kernel refuses. */
  static open(protocol: NetlinkProtocol): NetlinkSocket {
    return new NetlinkSocket(openTransport(protocol))
  }

  /** The file descriptor. Owned by this object. */
  get fd(): number {
    return this.#transport.fd
  }

  /**
   * Sends one request and waits for its acknowledgement.
   *
   * @returns the messages that came before it: the answer to a GET, or none
   * @throws {NetlinkError} when the kernel refuses
   */
  request(request: NetlinkRequest): NetlinkMessage[] {
    const sequence = this.#nextSequence()
    const bytes = encode(request, messageFlags.request | messageFlags.ack, sequence)
    this.#send(request.attempted, bytes)
    const answers: NetlinkMessage[] = []
    for (;;) {
      for (const message of this.#receiveOwn(request.attempted, sequence)) {
        if (message.type !== controlTypes.error) {
          answers.push(message)
          continue
        }
        throwIfRefused(request.attempted, decodeErrorMessage(message, bytes))
        return answers
      }
    }
  }

  /**
   * Sends one request with NLM_F_DUMP and decodes every message of the answer. When the kernel says that the dump
   * was disturbed by a change (NLM_F_DUMP_INTR), or messages were lost (ENOBUFS), it starts again.
   *
   * @throws {NetlinkError} when the kernel refuses; EAGAIN when the dump was disturbed every time
   */
  dump<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T): T[] {
    for (let attempt = 0; attempt < dumpAttempts; attempt++) {
      const items = this.#dumpOnce(request, decode)
      if (items !== undefined) return items
    }
    throw new NetlinkError(request.attempted, EAGAIN, {
      message: `the kernel's tables changed during each of ${dumpAttempts} dumps`,
    })
  }

  /**
   * Sends several messages in one datagram: a transaction of nfnetlink. Its first and last message are the batch
   * markers. The kernel answers with the errors it met, and with acknowledgements for messages that ask for them:
   * one of them must.
   *
   * @throws {NetlinkError} naming the first message at fault; nothing was changed then
   */
  batch(attempted: string, requests: readonly NetlinkRequest[]): void {
    const parts = new Map<number, { readonly request: NetlinkRequest; readonly bytes: Uint8Array }>()
    for (const request of requests) {
      const sequence = this.#nextSequence()
      parts.set(sequence, { request, bytes: encode(request, messageFlags.request, sequence) })
    }
    this.#send(attempted, concatenate([...parts.values()].map(({ bytes }) => bytes)))
    let acknowledged = false
    // The answers are there when sendto returns: the kernel handles the batch inside it. Should a great many errors
    // have pushed some out, the first, which is the one that matters, is still there.
    for (const message of this.notifications().messages) {
      const part = parts.get(message.sequence)
      if (part === undefined || !this.#isOwn(message) || message.type !== controlTypes.error) continue
      throwIfRefused(part.request.attempted, decodeErrorMessage(message, part.bytes))
      acknowledged = true
    }
    if (!acknowledged) throw new NetlinkError(attempted, EAGAIN, { message: 'the kernel did not answer' })
  }

  /**
   * Joins a multicast group, such as NFNLGRP_NFTABLES (7). Use a socket of its own for that: every request drops
   * the notifications that were not taken before it.
   */
  subscribe(group: number): void {
    this.#transport.subscribe(group)
  }

  /**
   * Takes the notifications that have arrived, without waiting.
   *
   * @returns them, and whether some were lost because they were not taken in time: then read everything anew
   */
  notifications(): { readonly messages: NetlinkMessage[]; readonly lost: boolean } {
    const messages: NetlinkMessage[] = []
    let lost = false
    for (;;) {
      try {
        const datagram = this.#transport.receive(false)
        if (datagram === undefined) return { messages, lost }
        messages.push(...decodeMessages(datagram))
      } catch (error) {
        if (!isOverrun(error)) throw error
        lost = true
      }
    }
  }

  /** Makes the receive buffer hold `bytes` of pending notifications (SO_RCVBUFFORCE, CAP_NET_ADMIN). */
  growReceiveBuffer(bytes: number): void {
    this.#transport.growReceiveBuffer(bytes)
  }

  /** Closes the socket. Safe to call twice. */
  close(): void {
    this.#transport.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** @returns `undefined` when the dump was disturbed. */
  #dumpOnce<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T): T[] | undefined {
    const sequence = this.#nextSequence()
    const bytes = encode(request, messageFlags.request | messageFlags.dump, sequence)
    this.#send(request.attempted, bytes)
    const items: T[] = []
    let disturbed = false
    const onLoss = () => {
      disturbed = true
    }
    for (;;) {
      for (const message of this.#receiveOwn(request.attempted, sequence, onLoss)) {
        if ((message.flags & messageFlags.dumpInterrupted) !== 0) disturbed = true
        if (message.type === controlTypes.overrun) disturbed = true
        if (message.type === controlTypes.error)
          throwIfRefused(request.attempted, decodeErrorMessage(message, bytes))
        if (message.type === controlTypes.done) {
          throwIfRefused(request.attempted, decodeDoneMessage(message, bytes))
          return disturbed ? undefined : items
        }
        if (message.type >= controlTypes.firstOfFamily && !disturbed) items.push(decode(message))
      }
    }
  }

  /**
   * Waits for a datagram and keeps the messages that answer the request numbered `sequence`.
   *
   * @param onLoss called when datagrams were lost before this one; without it that is an error
   */
  #receiveOwn(attempted: string, sequence: number, onLoss?: () => void): NetlinkMessage[] {
    try {
      const datagram = this.#transport.receive(true)
      if (datagram === undefined)
        throw new NetlinkError(attempted, EAGAIN, {
          message: `the kernel did not answer within ${answerTimeoutSeconds} s`,
        })
      const messages = decodeMessages(datagram)
      return messages.filter((message) => message.sequence === sequence && this.#isOwn(message))
    } catch (error) {
      if (onLoss === undefined || !isOverrun(error)) throw error
      onLoss()
      return []
    }
  }

  #isOwn(message: NetlinkMessage): boolean {
    return message.port === this.#transport.port
  }

  #send(attempted: string, bytes: Uint8Array): void {
    // What an earlier, failed request left behind.
    this.#transport.discard()
    this.#transport.send(attempted, bytes)
  }

  #nextSequence(): number {
    // 0 is what notifications carry.
    this.#sequence = this.#sequence === 0xffff_ffff ? 1 : this.#sequence + 1
    return this.#sequence
  }
}

function encode(request: NetlinkRequest, flags: number, sequence: number): Uint8Array {
  const { type, payload } = request
  return encodeMessage({ type, flags: flags | (request.flags ?? 0), sequence, port: 0, payload })
}

function throwIfRefused(attempted: string, { errno, extendedAck }: Acknowledgement): void {
  if (errno !== 0) throw new NetlinkError(attempted, errno, extendedAck)
}

function isOverrun(error: unknown): boolean {
  return error instanceof NetlinkError && error.errno === ENOBUFS
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
