import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import { errnoName } from '../../errno.ts'
import { syscall, syscallRaw } from '../../ffi.ts'
import { syscallNumber } from '../../syscall-numbers.ts'
import {
  AF_NETLINK,
  EAGAIN,
  EINTR,
  ENOBUFS,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from '../../system-constants.ts'
import { viewOf } from './attributes.ts'
import { littleEndian, type NetlinkProtocol, netlinkProtocols } from './constants.ts'
import { NetlinkError } from './errors.ts'

/** Datagrams to and from the kernel: what `NetlinkSocket` needs, and what a test can replace. */
export interface NetlinkTransport {
  /** Port id: the kernel addresses its answers to it. */
  readonly port: number
  /** To watch it; owned by the transport. */
  readonly fd: number
  /** Sends one datagram. @throws {NetlinkError} when the kernel does not take it. */
  send(attempted: string, datagram: Uint8Array): void
  /**
   * Takes the next datagram; the caller owns it.
   *
   * @param wait for it, at most {@link answerTimeoutSeconds}
   * @returns `undefined` when there is none (in time)
   * @throws {NetlinkError} ENOBUFS when datagrams were lost
   */
  receive(wait: boolean): Uint8Array | undefined
  /** Drops everything that is there. */
  discard(): void
  /** Joins a multicast group. */
  subscribe(group: number): void
  /** Makes room for `bytes` of datagrams that were not taken yet. */
  growReceiveBuffer(bytes: number): void
  /** Safe to call twice. */
  close(): void
}

/** sizeof(struct sockaddr_nl) (include/uapi/linux/netlink.h). */
const addressSize = 12
/** The kernel fills dump datagrams up to the largest buffer it has seen, at most 32 KiB (af_netlink.c). */
const initialBufferSize = 32 * 1024
/** Linux's default net.core.wmem_max; larger batches need a larger send buffer. */
const defaultSendBuffer = 212_992
/** An answer is there as soon as the request is sent; a longer wait means that there will be none. */
export const answerTimeoutSeconds = 5

/** Opens an AF_NETLINK socket in the calling thread's network namespace. @throws {SyscallError} */
export function openTransport(protocol: NetlinkProtocol): NetlinkTransport {
  const number = netlinkProtocols[protocol]
  const name = `socket(AF_NETLINK, ${protocol})`
  const fd = syscall(name, syscallNumber('socket'), AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, number)
  try {
    return new KernelTransport(fd)
  } catch (error) {
    syscallRaw(syscallNumber('close'), [fd])
    throw error
  }
}

class KernelTransport implements NetlinkTransport {
  readonly port: number
  readonly #fd: number
  #closed = false
  #buffer: Uint8Array = new Uint8Array(initialBufferSize)
  #sendBuffer = defaultSendBuffer

  constructor(fd: number) {
    this.#fd = fd
    this.#setOption('NETLINK_EXT_ACK', SOL_NETLINK, NETLINK_EXT_ACK, 1)
    this.#setOption('NETLINK_CAP_ACK', SOL_NETLINK, NETLINK_CAP_ACK, 1)
    this.#setOption('NETLINK_GET_STRICT_CHK', SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
    this.#setReceiveTimeout()
    this.port = this.#bind()
  }

  get fd(): number {
    if (this.#closed) throw new TsbpfError('USE_AFTER_CLOSE', 'netlink socket used after it was closed')
    return this.#fd
  }

  send(attempted: string, datagram: Uint8Array): void {
    const size = datagram.byteLength
    if (size > this.#sendBuffer - 1024) {
      // The kernel doubles the value it is given.
      this.#setOption('SO_SNDBUFFORCE', SOL_SOCKET, SO_SNDBUFFORCE, size)
      this.#sendBuffer = size * 2
    }
    const kernel = new Uint8Array(addressSize)
    viewOf(kernel).setUint16(0, AF_NETLINK, littleEndian)
    const call = [this.fd, datagram, size, 0, kernel, addressSize]
    for (;;) {
      const result = syscallRaw(syscallNumber('sendto'), call)
      if (result === -EINTR) continue
      if (result >= 0) return
      throw new NetlinkError(attempted, -result, {
        message: `the request of ${size} bytes could not be sent (${errnoName(-result)})`,
      })
    }
  }

  receive(wait: boolean): Uint8Array | undefined {
    const flags = wait ? 0 : MSG_DONTWAIT
    for (;;) {
      // The length first, so that no datagram is cut off.
      const length = this.#receiveInto(new Uint8Array(0), flags | MSG_PEEK | MSG_TRUNC)
      if (length === undefined) return undefined
      if (length > this.#buffer.byteLength) this.#buffer = new Uint8Array(length)
      const sender = new Uint8Array(addressSize)
      const received = this.#receiveInto(this.#buffer, flags, sender)
      if (received === undefined) return undefined
      // Port 0 is the kernel; a privileged process could send to us, too.
      if (viewOf(sender).getUint32(4, littleEndian) === 0) return this.#buffer.slice(0, received)
    }
  }

  discard(): void {
    for (;;) {
      const result = this.#receiveRaw(new Uint8Array(0), MSG_DONTWAIT)
      if (result < 0 && result !== -ENOBUFS) return
    }
  }

  subscribe(group: number): void {
    this.#setOption('NETLINK_ADD_MEMBERSHIP', SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
  }

  growReceiveBuffer(bytes: number): void {
    this.#setOption('SO_RCVBUFFORCE', SOL_SOCKET, SO_RCVBUFFORCE, bytes)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    syscallRaw(syscallNumber('close'), [this.#fd])
  }

  /** @returns the length; `undefined` when there is nothing. */
  #receiveInto(buffer: Uint8Array, flags: number, sender?: Uint8Array): number | undefined {
    const result = this.#receiveRaw(buffer, flags, sender)
    if (result === -EAGAIN) return undefined
    if (result < 0) throw new NetlinkError('receive from the kernel', -result)
    return result
  }

  #receiveRaw(buffer: Uint8Array, flags: number, sender?: Uint8Array): number {
    const size = Uint8Array.of(addressSize, 0, 0, 0)
    const source = sender === undefined ? [null, null] : [sender, size]
    for (;;) {
      const call = [this.fd, buffer, buffer.byteLength, flags, ...source]
      const result = syscallRaw(syscallNumber('recvfrom'), call)
      if (result !== -EINTR) return result
    }
  }

  /** Lets the kernel choose a port id, and reads it back. */
  #bind(): number {
    const address = new Uint8Array(addressSize)
    const view = viewOf(address)
    view.setUint16(0, AF_NETLINK, littleEndian)
    syscall('bind(AF_NETLINK)', syscallNumber('bind'), this.fd, address, addressSize)
    const size = Uint8Array.of(addressSize, 0, 0, 0)
    syscall('getsockname(AF_NETLINK)', syscallNumber('getsockname'), this.fd, address, size)
    return view.getUint32(4, littleEndian)
  }

  #setReceiveTimeout(): void {
    // struct timeval: seconds and microseconds.
    const timeout = new Uint8Array(16)
    viewOf(timeout).setBigInt64(0, BigInt(answerTimeoutSeconds), littleEndian)
    const nr = syscallNumber('setsockopt')
    syscall('setsockopt(SO_RCVTIMEO)', nr, this.fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.byteLength)
  }

  #setOption(name: string, level: number, option: number, value: number): void {
    const bytes = new Uint8Array(4)
    viewOf(bytes).setUint32(0, value, littleEndian)
    syscall(`setsockopt(${name})`, syscallNumber('setsockopt'), this.fd, level, option, bytes, 4)
  }
}
