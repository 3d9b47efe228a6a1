import { closeSync } from 'node:fs'
import { parseIp } from '../../../src/loader/address/ip.ts'
import { syscall, syscallRaw } from '../../../src/loader/ffi.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { syscallNumber } from '../../../src/loader/syscall-numbers.ts'
import type { Host } from './lab.ts'
import { until } from './until.ts'

const AF_INET = 2
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000
const IPPROTO_ICMP = 1
const echoRequest = 8
const echoReply = 0

/** Sends an ICMP echo request from a ping socket (icmp(7)) and waits for the reply. @returns the echoed payload */
export async function ping(from: Host, address: string, payload: Uint8Array): Promise<Uint8Array> {
  from.sysctl('net.ipv4.ping_group_range', '0 0')
  const fd = inNamespace(from.namespace, () =>
    syscall('socket(ICMP)', syscallNumber('socket'), AF_INET, SOCK_DGRAM_NONBLOCK, IPPROTO_ICMP),
  )
  try {
    const target = Uint8Array.of(AF_INET, 0, 0, 0, ...parseIp(address), 0, 0, 0, 0, 0, 0, 0, 0)
    // The kernel fills in identifier and checksum.
    const message = Uint8Array.of(echoRequest, 0, 0, 0, 0, 0, 0, 1, ...payload)
    const send = syscallNumber('sendto')
    syscall('sendto', send, fd, message, message.length, 0, target, target.length)
    const answer = new Uint8Array(2048)
    const length = await until(
      `an ICMP echo reply from ${address}`,
      () => syscallRaw(syscallNumber('recvfrom'), [fd, answer, answer.length, 0, 0, 0]),
      (result) => result >= 0 && answer[0] === echoReply,
    )
    return answer.slice(8, length)
  } finally {
    closeSync(fd)
  }
}
