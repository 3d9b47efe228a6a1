import { beforeEach, expect } from 'vitest'
import { formatIp, parseIp } from '../../../src/loader/address/ip.ts'
import { protocols, statusBits } from '../../../src/loader/netlink/conntrack/constants.ts'
import type { ConntrackEntry } from '../../../src/loader/netlink/conntrack/entry.ts'
import {
  conntrackStatistics,
  createConntrack,
  deleteConntrack,
  deleteConntrackByMark,
  findConntrack,
  listConntrack,
} from '../../../src/loader/netlink/conntrack/table.ts'
import { type ConntrackTuple, invertTuple } from '../../../src/loader/netlink/conntrack/tuple.ts'
import { NetlinkError } from '../../../src/loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { readSysctl, writeSysctl } from '../../../src/loader/netns/sysctl.ts'
import { describe, test } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'

const namespaces = testNamespaces()
let a: NetworkNamespace
let socket: NetlinkSocket

beforeEach(() => {
  a = namespaces.create('a')
  socket = namespaces.open(a, 'netfilter')
})

const tcp = (source: string, sourcePort: number, destination: string, destinationPort: number) => ({
  source: parseIp(source),
  destination: parseIp(destination),
  protocol: protocols.tcp,
  sourcePort,
  destinationPort,
})
const flow = tcp('10.0.0.1', 1000, '10.0.0.2', 80)
const flow6 = tcp('2001:db8::1', 1000, '2001:db8::2', 443)

/** The fields of `conntrack -L -o extended,id`, one object for each line. */
function conntrackTool(): { words: string[]; values: (key: string) => string[] }[] {
  const lines = run(a, 'conntrack', '-L', '-o', 'extended,id').trim().split('\n')
  return lines.filter(Boolean).map((line) => {
    const words = line.split(/\s+/)
    const values = (key: string) =>
      words.filter((word) => word.startsWith(`${key}=`)).map((word) => word.slice(key.length + 1))
    return { words, values }
  })
}

/** What both sides can say about an entry. */
function comparable(entry: ConntrackEntry) {
  const tuples = [entry.original, entry.reply]
  return {
    id: String(entry.id),
    protocol: String(entry.original.protocol),
    family: entry.family,
    src: tuples.map((tuple) => formatIp(tuple.source)),
    dst: tuples.map((tuple) => formatIp(tuple.destination)),
    sport: tuples.map((tuple) => String(tuple.sourcePort)),
    dport: tuples.map((tuple) => String(tuple.destinationPort)),
    mark: String(entry.mark),
    use: String(entry.use),
    zone: String(entry.zone),
    tcpState: entry.tcpState,
    assured: entry.statusNames.includes('assured'),
    unreplied: !entry.statusNames.includes('seen_reply'),
  }
}

function fromTool({
  words,
  values,
}: ReturnType<typeof conntrackTool>[number]): ReturnType<typeof comparable> {
  const isTcp = words[2] === 'tcp'
  return {
    id: values('id')[0] ?? '',
    protocol: words[3] ?? '',
    family: words[0] === 'ipv4' ? 'ipv4' : 'ipv6',
    src: values('src'),
    dst: values('dst'),
    sport: values('sport'),
    dport: values('dport'),
    mark: values('mark')[0] ?? '',
    use: values('use')[0] ?? '',
    zone: values('zone')[0] ?? '0',
    tcpState: isTcp ? (words[5] as ConntrackEntry['tcpState']) : undefined,
    assured: words.includes('[ASSURED]'),
    unreplied: words.includes('[UNREPLIED]'),
  }
}

describe('entries', () => {
  test('the list agrees with conntrack -L', () => {
    createConntrack(socket, { original: flow, timeout: 600, mark: 0xdead_beef, tcpState: 'ESTABLISHED' })
    createConntrack(socket, {
      original: flow6,
      timeout: 600,
      status: statusBits.seen_reply | statusBits.assured,
      tcpState: 'TIME_WAIT',
    })
    createConntrack(socket, { original: { ...flow, protocol: protocols.udp }, timeout: 30, mark: 1 })
    run(
      a,
      'conntrack',
      ...'-I -p tcp -s 10.9.9.9 -d 10.0.0.2 --sport 5 --dport 80 -t 99 --state SYN_SENT -m 7'.split(' '),
    )
    const byId = (x: { id: string }, y: { id: string }) => Number(x.id) - Number(y.id)
    const seen = listConntrack(socket).map(comparable).sort(byId)
    expect(seen).toHaveLength(4)
    expect(seen).toEqual(conntrackTool().map(fromTool).sort(byId))
  })

  test('an entry as made is an entry as read', () => {
    createConntrack(socket, { original: flow, timeout: 100_000, mark: 5, zone: 9, tcpState: 'SYN_RECV' })
    const [entry, ...rest] = listConntrack(socket)
    expect(rest).toEqual([])
    expect(entry).toMatchObject({
      family: 'ipv4',
      original: flow,
      reply: invertTuple(flow),
      mark: 5,
      zone: 9,
      tcpState: 'SYN_RECV',
      statusNames: expect.arrayContaining(['confirmed']),
      counters: undefined,
    })
    expect(entry?.timeout).toBeGreaterThan(90_000)
    expect(entry?.timeout).toBeLessThanOrEqual(100_000)
    // The original direction's tuple is looked up in its zone; without it, there is no such entry.
    expect(findConntrack(socket, flow)).toBeUndefined()
    expect(findConntrack(socket, flow, 9)?.id).toBe(entry?.id)
  })

  test('address translation shows in the reply tuple and the status', () => {
    createConntrack(socket, {
      original: flow,
      timeout: 600,
      destinationNat: { address: parseIp('10.0.0.77'), port: 8080 },
      sourceNat: { address: parseIp('10.0.0.254'), port: 4000 },
    })
    const entry = findConntrack(socket, flow)
    expect(entry?.reply).toEqual(tcp('10.0.0.77', 8080, '10.0.0.254', 4000))
    expect(entry?.statusNames).toEqual(expect.arrayContaining(['src_nat', 'dst_nat', 'dst_nat_done']))
    expect(findConntrack(socket, entry?.reply ?? flow)?.id).toBe(entry?.id)
  })

  test('ICMP and ICMPv6 have an id instead of ports', () => {
    const icmp: ConntrackTuple = {
      source: flow.source,
      destination: flow.destination,
      protocol: protocols.icmp,
      icmp: { id: 77, type: 8, code: 0 },
    }
    const icmpv6: ConntrackTuple = {
      source: flow6.source,
      destination: flow6.destination,
      protocol: protocols.icmpv6,
      icmp: { id: 78, type: 128, code: 0 },
    }
    createConntrack(socket, { original: icmp, timeout: 30 })
    createConntrack(socket, { original: icmpv6, timeout: 30 })
    const originals = listConntrack(socket).map(({ original }) => original)
    expect(originals).toEqual(expect.arrayContaining([icmp, icmpv6]))
    expect(listConntrack(socket, { family: 'ipv6' })).toMatchObject([
      { original: icmpv6, reply: { icmp: { id: 78, type: 129 } }, tcpState: undefined },
    ])
    expect(run(a, 'conntrack', '-L', '-p', 'icmp')).toContain('type=8 code=0 id=77')
  })

  test('counters are there when accounting is on', () => {
    writeSysctl(a, 'net.netfilter.nf_conntrack_acct', 1)
    run(
      a,
      'nft',
      'add table inet t; add chain inet t c { type filter hook output priority 0; }; add rule inet t c ct state new',
    )
    run(a, 'bash', '-c', 'echo hello > /dev/udp/127.0.0.1/9')
    const entry = listConntrack(socket).find(({ original }) => original.destinationPort === 9)
    expect(entry?.counters).toEqual({
      original: { packets: 1n, bytes: 34n },
      reply: { packets: 0n, bytes: 0n },
    })
  })

  test('made twice is EEXIST', () => {
    createConntrack(socket, { original: flow, timeout: 60 })
    const error = refusal(() => createConntrack(socket, { original: flow, timeout: 60 }))
    expect(error).toMatchObject({
      errnoName: 'EEXIST',
      attempted: 'create conntrack entry 6 10.0.0.1:1000 -> 10.0.0.2:80',
    })
  })

  test('addresses of two families are refused here', () => {
    const mixed = { ...flow, destination: flow6.destination }
    expect(() => createConntrack(socket, { original: mixed, timeout: 60 })).toThrow(/different families/)
  })

  test('deleted by the tuple of either direction', () => {
    createConntrack(socket, { original: flow, timeout: 60 })
    createConntrack(socket, { original: flow6, timeout: 60 })
    expect(deleteConntrack(socket, flow)).toBe(true)
    expect(deleteConntrack(socket, flow)).toBe(false)
    expect(deleteConntrack(socket, invertTuple(flow6))).toBe(true)
    expect(listConntrack(socket)).toEqual([])
  })
})

describe('marks', () => {
  const make = (sourcePort: number, mark: number) =>
    createConntrack(socket, { original: { ...flow, sourcePort }, timeout: 60, mark })
  const marks = () =>
    listConntrack(socket)
      .map((entry) => entry.mark)
      .sort((x, y) => x - y)

  test('the kernel lists by mark and mask', () => {
    make(1, 0x8000_0001)
    make(2, 0x8000_0002)
    make(3, 0x0001_0001)
    make(4, 0)
    const ports = (mark: number, mask: number) =>
      listConntrack(socket, { mark: { mark, mask } })
        .map(({ original }) => original.sourcePort)
        .sort()
    expect(ports(0x8000_0000, 0x8000_0000)).toEqual([1, 2])
    expect(ports(1, 0xffff)).toEqual([1, 3])
    expect(ports(0x8000_0002, 0xffff_ffff)).toEqual([2])
    expect(ports(0, 0xffff_ffff)).toEqual([4])
    expect(ports(0x7000_0000, 0xf000_0000)).toEqual([])
  })

  test('deletes those with the mark, and no others', () => {
    for (let i = 0; i < 50; i++) make(1000 + i, i % 2 === 0 ? 0x8000_0007 : 0x8000_0008)
    make(1, 7)
    make(2, 0)
    createConntrack(socket, { original: flow6, timeout: 60, mark: 0x8000_0007 })
    expect(deleteConntrackByMark(socket, { mark: 0x8000_0007, mask: 0xffff_ffff })).toBe(26)
    expect(marks()).toEqual([0, 7, ...new Array<number>(25).fill(0x8000_0008)])
    expect(deleteConntrackByMark(socket, { mark: 0x8000_0007, mask: 0xffff_ffff })).toBe(0)
    expect(marks()).toHaveLength(27)
    expect(deleteConntrackByMark(socket, { mark: 0x8000_0000, mask: 0x8000_0000 })).toBe(25)
    expect(marks()).toEqual([0, 7])
  })

  test('filters that would match everything or nothing are refused, and delete nothing', () => {
    make(1, 1)
    expect(() => deleteConntrackByMark(socket, { mark: 0, mask: 0 })).toThrow(/would match every entry/)
    expect(() => deleteConntrackByMark(socket, { mark: 3, mask: 1 })).toThrow(/outside the mask/)
    expect(marks()).toEqual([1])
  })
})

describe('the table', () => {
  test('statistics agree with the list and the sysctl', () => {
    for (let i = 0; i < 5; i++)
      createConntrack(socket, { original: { ...flow, sourcePort: i + 1 }, timeout: 60 })
    const { entries, maximumEntries } = conntrackStatistics(socket)
    expect(entries).toBe(5)
    expect(String(maximumEntries)).toBe(readSysctl(a, 'net.netfilter.nf_conntrack_max'))
  })

  test('a table of many datagrams arrives whole', () => {
    for (let i = 0; i < 3_000; i++)
      createConntrack(socket, { original: { ...flow, sourcePort: i + 1 }, timeout: 300, mark: i & 1 })
    const ports = listConntrack(socket).map(({ original }) => original.sourcePort)
    expect(new Set(ports).size).toBe(3_000)
    expect(listConntrack(socket, { mark: { mark: 1, mask: 1 } })).toHaveLength(1_500)
  })
})

function refusal(fn: () => unknown): NetlinkError {
  try {
    fn()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('expected a NetlinkError')
}
