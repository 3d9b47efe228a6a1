import { beforeAll, expect } from 'vitest'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { attachTcx } from '../../../src/loader/program/link-tcx.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { start } from '../support/command.ts'
import { describe, test } from '../support/kernel-test.ts'
import { installed, run, runJson, testNamespaces } from '../support/namespaces.ts'
import { type Endpoint, nat, type Way } from './nat-programs.ts'

/** ETHTOOL_STXCSUM by way of SIOCETHTOOL (include/uapi/linux/ethtool.h): there is no other tool for it everywhere. */
const setTxChecksum = `
import array, fcntl, socket, struct, sys
value = array.array('I', [0x17, int(sys.argv[2])])
request = struct.pack('16sP', sys.argv[1].encode(), value.buffer_info()[0])
fcntl.ioctl(socket.socket(), 0x8946, request.ljust(40, b'\\0'))
`
const whyNot = installed('python3') ? undefined : 'no python3 to switch checksum offload with'

const virtual: Endpoint = { v4: 0x0a090909, v6: 0xfd090000_00000000_00000000_00000009n, port: 7000 }
const real: Endpoint = { v4: 0x0a020002, v6: 0xfd020000_00000000_00000000_00000002n, port: 8000 }

/** Answers everything on TCP and UDP port 8000, over both protocols. */
const serve = `
  const net = require('node:net'), dgram = require('node:dgram')
  net.createServer((s) => { s.on('error', () => {}); s.pipe(s) }).listen(8000, '::')
  for (const type of ['udp4', 'udp6']) {
    const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6' })
    socket.on('message', (m, from) => socket.send(m, from.port, from.address)).bind(8000, () => console.log('ready'))
  }
`
/** Sends over TCP or UDP and compares the answer; prints what came of it. */
const ask = `
  const net = require('node:net'), dgram = require('node:dgram'), crypto = require('node:crypto')
  const [protocol, host] = process.argv.slice(1)
  const end = (what) => { console.log(what); process.exit() }
  setTimeout(() => end('no answer'), Number(process.argv[3]))
  const data = crypto.randomBytes(protocol === 'tcp' ? 300001 : 1201)
  if (protocol === 'tcp') {
    const socket = net.connect(7000, host)
    const got = []
    let length = 0
    socket.on('error', (e) => end(e.code))
    socket.on('data', (d) => {
      got.push(d)
      length += d.length
      if (length >= data.length) end(Buffer.concat(got).equals(data) ? 'same' : 'different')
    })
    socket.write(data)
  } else {
    const socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4')
    socket.on('message', (d) => end(d.equals(data) ? 'same' : 'different'))
    socket.connect(7000, host, () => socket.send(data))
  }
`

const namespaces = testNamespaces('all')
let client: NetworkNamespace
let router: NetworkNamespace
let server: NetworkNamespace

/** Lets a machine leave the checksums of what it sends to its network card, or not. */
function offload(namespace: NetworkNamespace, device: string, on: boolean): void {
  run(namespace, 'python3', '-c', setTxChecksum, device, on ? '1' : '0')
}

async function answer(protocol: 'tcp' | 'udp', host: string, patience = 20_000): Promise<string> {
  const { outcome } = start(client, process.execPath, ['-e', ask, protocol, host, String(patience)])
  return (await outcome).stdout.trim()
}

/** Packets that a machine has thrown away for their checksum, by protocol. */
function checksumErrors(namespace: NetworkNamespace): number {
  const [v4, v6] = ['/proc/net/snmp', '/proc/net/snmp6'].map((path) => run(namespace, 'cat', path))
  let sum = 0
  for (const protocol of ['Ip', 'Tcp', 'Udp', 'Icmp']) {
    const [names, values] = (v4 ?? '').split('\n').filter((line) => line.startsWith(`${protocol}:`))
    const index = names?.split(' ').indexOf('InCsumErrors') ?? -1
    if (index >= 0) sum += Number(values?.split(' ')[index])
    if (protocol === 'Ip') sum += Number(values?.split(' ')[names?.split(' ').indexOf('InHdrErrors') ?? -1])
  }
  for (const match of (v6 ?? '').matchAll(/InCsumErrors\s+(\d+)/g)) sum += Number(match[1])
  return sum
}

const suite = whyNot === undefined ? describe : describe.skip
suite(`checksums of translated packets${whyNot === undefined ? '' : ` (${whyNot})`}`, () => {
  beforeAll(async () => {
    client = namespaces.create('client')
    router = namespaces.create('router')
    server = namespaces.create('server')
    const ip = (namespace: NetworkNamespace, line: string): string => run(namespace, 'ip', ...line.split(' '))
    for (const [device, host, net] of [
      ['c0', client, 1],
      ['s0', server, 2],
    ] as const) {
      ip(router, `link add ${device} type veth peer name eth0 netns ${host.name}`)
      ip(router, `addr add 10.${net}.0.1/24 dev ${device}`)
      ip(router, `addr add fd0${net}::1/64 dev ${device} nodad`)
      ip(router, `link set ${device} up`)
      ip(host, `addr add 10.${net}.0.2/24 dev eth0`)
      ip(host, `addr add fd0${net}::2/64 dev eth0 nodad`)
      ip(host, 'link set eth0 up')
      ip(host, `route add default via 10.${net}.0.1`)
      ip(host, `-6 route add default via fd0${net}::1`)
      // What leaves the router has a finished checksum, which the next machine verifies.
      offload(router, device, false)
    }
    run(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    const { process: child } = start(server, process.execPath, ['-e', serve])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    return () => child.kill()
  })

  /** Runs `body` with the translation in place in both directions. */
  async function translated(
    way: Way,
    sent: 'partial' | 'finished',
    body: () => Promise<void>,
  ): Promise<void> {
    for (const host of [client, server]) offload(host, 'eth0', sent === 'partial')
    using there = loadProgram(nat('nat_there', way, 'destination', virtual, real), { maps: new Map() })
    using back = loadProgram(nat('nat_back', way, 'source', real, virtual), { maps: new Map() })
    const ifindex = (name: string): number =>
      (runJson(router, 'ip', '-j', 'link', 'show', name) as { ifindex: number }[])[0]?.ifindex ?? 0
    const links = inNamespace(router, () => [
      attachTcx(there, { ifindex: ifindex('c0'), direction: 'ingress' }),
      attachTcx(back, { ifindex: ifindex('s0'), direction: 'ingress' }),
    ])
    try {
      await body()
    } finally {
      for (const link of links) link.close()
    }
  }

  test.each<[string, Way, 'partial' | 'finished']>([
    ['the helpers, on packets whose checksum is left to the network card', 'helpers', 'partial'],
    ['the helpers, on finished packets', 'helpers', 'finished'],
    ['direct writes, on finished packets', 'finished', 'finished'],
    [
      'direct writes to the sum of the pseudo header, on packets left to the network card',
      'pseudo',
      'partial',
    ],
  ])('are right with %s', async (_, way, sent) => {
    const before = [checksumErrors(client), checksumErrors(server)]
    await translated(way, sent, async () => {
      for (const host of ['10.9.9.9', 'fd09::9'])
        for (const protocol of ['tcp', 'udp'] as const)
          expect([host, protocol, await answer(protocol, host)]).toEqual([host, protocol, 'same'])
    })
    expect([checksumErrors(client), checksumErrors(server)]).toEqual(before)
  })

  test.each<[string, Way, 'partial' | 'finished']>([
    ['one kind of direct write is used on packets of the other kind', 'finished', 'partial'],
    ['the other kind is used on packets of the one', 'pseudo', 'finished'],
  ])('are wrong where %s, and this test sees it', async (_, way, sent) => {
    const before = checksumErrors(server)
    await translated(way, sent, async () => {
      for (const host of ['10.9.9.9', 'fd09::9']) expect(await answer('udp', host, 500)).toBe('no answer')
    })
    expect(checksumErrors(server)).toBe(before + 2)
  })
})
