import { describe, expect, it } from 'vitest'
import { errnoName } from '../../../src/loader/errno.ts'
import { AttributeWriter } from '../../../src/loader/netlink/core/attribute-writer.ts'
import { encodeMessage } from '../../../src/loader/netlink/core/message.ts'
import { netfilterHeader } from '../../../src/loader/netlink/core/netfilter-message.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { addAddress } from '../../../src/loader/netlink/route/addresses.ts'
import { linkHeader } from '../../../src/loader/netlink/route/links.ts'
import { setNeighbour } from '../../../src/loader/netlink/route/neighbours.ts'
import { addRoute } from '../../../src/loader/netlink/route/routes.ts'
import { addBpfFilter } from '../../../src/loader/netlink/route/traffic-control.ts'
import { syscallNumbers } from '../../../src/loader/syscall-numbers.ts'
import * as constants from '../../../src/loader/system-constants.ts'
import { attributeCases } from './bpf/attribute-cases.ts'
import { infoLayouts } from './bpf/info-layouts.ts'
import { ack, PretendedKernel } from './netlink/support/pretended-kernel.ts'
// Written by: npm run record:abi
import recorded from './recorded-abi.json' with { type: 'json' }

interface Layout {
  readonly size: number
  readonly members: Readonly<Record<string, readonly number[]>>
}

const address = Uint8Array.of(10, 1, 2, 3)
const ifindex = 0x01020304

/** Headers of messages: what makes one, and the members that are not zero in it. */
const messages: readonly (readonly [type: string, () => Uint8Array, Readonly<Record<string, number>>])[] = [
  [
    'struct nlmsghdr',
    () =>
      encodeMessage({
        type: 0x102,
        flags: 0x304,
        sequence: 0x05060708,
        port: 0x090a0b0c,
        payload: new Uint8Array(4),
      }),
    { nlmsg_len: 20, nlmsg_type: 0x102, nlmsg_flags: 0x304, nlmsg_seq: 0x05060708, nlmsg_pid: 0x090a0b0c },
  ],
  ['struct nlattr', () => new AttributeWriter().u32(0x102, 1).finish(), { nla_len: 8, nla_type: 0x102 }],
  ['struct nfgenmsg', () => netfilterHeader(2, 0x0102), { nfgen_family: 2, res_id: 0x0201 }],
  [
    'struct ifinfomsg',
    () => linkHeader({ ifindex, flags: 0x05060708, change: 0x090a0b0c }),
    { ifi_index: ifindex, ifi_flags: 0x05060708, ifi_change: 0x090a0b0c },
  ],
  [
    'struct ifaddrmsg',
    () => payloadOf((socket) => addAddress(socket, { ifindex, address, prefixLength: 24, scope: 'host' })),
    { ifa_family: 2, ifa_prefixlen: 24, ifa_scope: 254, ifa_index: ifindex },
  ],
  [
    'struct ndmsg',
    () => payloadOf((socket) => setNeighbour(socket, { ifindex, address, mac: new Uint8Array(6) })),
    { ndm_family: 2, ndm_ifindex: ifindex, ndm_state: 0x80 },
  ],
  [
    'struct rtmsg',
    () =>
      payloadOf((socket) =>
        addRoute(socket, {
          destination: { address, prefixLength: 32 },
          gateway: address,
          kind: 'unicast',
          onLink: true,
          ifindex,
        }),
      ),
    { rtm_family: 2, rtm_dst_len: 32, rtm_protocol: 4, rtm_type: 1, rtm_flags: 4 },
  ],
  [
    'struct tcmsg',
    () =>
      payloadOf((socket) =>
        addBpfFilter(socket, {
          ifindex,
          direction: 'ingress',
          priority: 0x0102,
          handle: 0x0304,
          programFd: 3,
          name: 'p',
        }),
      ),
    { tcm_ifindex: ifindex, tcm_handle: 0x0304, tcm_parent: 0xfffffff2, tcm_info: 0x01020300 },
  ],
]

describe.each(['x64', 'arm64'] as const)('as the headers for %s have it', (architecture) => {
  const { syscalls, errors, structures, ...rest } = recorded[architecture]
  const layouts = new Map<string, Layout>(Object.entries(structures))
  const layoutOf = (type: string): Layout => layouts.get(type) ?? expect.fail(`${type} is not recorded`)

  it('the numbers of system calls', () => {
    expect(syscallNumbers[architecture]).toEqual(syscalls)
  })

  it('the constants', () => {
    expect({ ...constants }).toEqual(rest.constants)
  })

  it.runIf(process.platform === 'linux')('the error numbers', () => {
    const alias = new Set(['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK'])
    for (const [name, value] of Object.entries(errors))
      if (!alias.has(name)) expect(errnoName(value)).toBe(name)
  })

  it.each(attributeCases)('union bpf_attr of $name', ({ fields }) => {
    const { members } = layoutOf('union bpf_attr')
    for (const [path, [offset, size]] of Object.entries(fields))
      expect({ path, layout: members[path] }).toEqual({ path, layout: [offset, size] })
  })

  it.each(infoLayouts)('struct %s', (struct, expected) => {
    const { members } = layoutOf(`struct ${struct}`)
    for (const [path, offset] of Object.entries(expected))
      expect({ path, offset: members[path]?.[0] }).toEqual({ path, offset })
  })

  it.each(messages)('%s', (type, made, values) => {
    const { size, members } = layoutOf(type)
    const expected = new Uint8Array(size)
    for (const [member, value] of Object.entries(values)) {
      const [offset = Number.NaN, width = Number.NaN] = members[member] ?? []
      for (let i = 0; i < width; i++) expected[offset + i] = (value / 2 ** (8 * i)) & 0xff
    }
    expect(made().slice(0, size)).toEqual(expected)
  })
})

it('x64 and arm64 have the same layouts', () => {
  expect(recorded.arm64.structures).toEqual(recorded.x64.structures)
})

/** What is made of a request to a kernel that agrees to everything. */
function payloadOf(request: (socket: NetlinkSocket) => void): Uint8Array {
  const kernel = new PretendedKernel((sent) => [[ack(sent[0]?.sequence ?? 0)]])
  request(new NetlinkSocket(kernel))
  return kernel.sent[0]?.[0]?.payload ?? expect.fail('nothing was sent')
}
