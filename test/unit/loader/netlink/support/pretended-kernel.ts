import { AttributeWriter } from '../../../../../src/loader/netlink/core/attribute-writer.ts'
import { controlTypes, messageFlags } from '../../../../../src/loader/netlink/core/constants.ts'
import { NetlinkError } from '../../../../../src/loader/netlink/core/errors.ts'
import {
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
} from '../../../../../src/loader/netlink/core/message.ts'
import type { NetlinkTransport } from '../../../../../src/loader/netlink/core/transport.ts'

/** The port id of every pretended socket. */
export const port = 77

/** What the pretended kernel does on one receive: a datagram, lost datagrams, or nothing. */
export type Step = readonly NetlinkMessage[] | 'lost' | 'silent'

/** A kernel that answers the nth datagram it is sent with the nth script. */
export class PretendedKernel implements NetlinkTransport {
  readonly port = port
  readonly fd = -1
  readonly sent: NetlinkMessage[][] = []
  readonly #scripts: readonly ((sent: NetlinkMessage[]) => readonly Step[])[]
  #pending: Step[] = []

  constructor(...scripts: readonly ((sent: NetlinkMessage[]) => readonly Step[])[]) {
    this.#scripts = scripts
  }

  send(_attempted: string, datagram: Uint8Array): void {
    const messages = decodeMessages(datagram)
    this.sent.push(messages)
    const script = this.#scripts[Math.min(this.sent.length, this.#scripts.length) - 1]
    this.#pending.push(...(script?.(messages) ?? []))
  }

  receive(): Uint8Array | undefined {
    const step = this.#pending.shift()
    if (step === undefined || step === 'silent') return undefined
    if (step === 'lost') throw new NetlinkError('receive from the kernel', 105)
    return Uint8Array.from(step.flatMap((message) => [...encodeMessage(message)]))
  }

  discard(): void {
    this.#pending = []
  }

  subscribe(): void {}
  growReceiveBuffer(): void {}
  close(): void {}
}

/** An acknowledgement, or with `errno` a refusal, of the message numbered `sequence`. */
export function ack(sequence: number, errno = 0, text?: string): NetlinkMessage {
  const head = new Uint8Array(20)
  new DataView(head.buffer).setInt32(0, -errno, true)
  const attributes = text === undefined ? new Uint8Array() : new AttributeWriter().string(1, text).finish()
  const flags = messageFlags.capped | (text === undefined ? 0 : messageFlags.ackAttributes)
  return { type: controlTypes.error, flags, sequence, port, payload: Uint8Array.of(...head, ...attributes) }
}
