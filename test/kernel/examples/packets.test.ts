import { execFileSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { syscall } from '../../../src/loader/ffi.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { attachCgroup } from '../../../src/loader/program/link-cgroup.ts'
import { attachTcx } from '../../../src/loader/program/link-tcx.ts'
import { attachXdp } from '../../../src/loader/program/link-xdp.ts'
import { attachSocketFilter, detachSocketFilter } from '../../../src/loader/program/socket-filter.ts'
import { syscallNumber } from '../../../src/loader/syscall-numbers.ts'
import { cgroupEgressBytes, sent } from '../../../src/programs/examples/cgroup-egress-bytes.ts'
import { connect4Redirect, redirects } from '../../../src/programs/examples/connect4-redirect.ts'
import {
  datagrams,
  socketFilterShortDatagrams,
} from '../../../src/programs/examples/socket-filter-short-datagrams.ts'
import { tcPortRedirector } from '../../../src/programs/examples/tc-port-redirector.ts'
import { packetsByProtocol, xdpPacketCounter } from '../../../src/programs/examples/xdp-packet-counter.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { cgroupRoot } from '../support/cgroups.ts'
import { describe, it } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'
import { closeAfterEach, closing, load, loadOnly } from './loaded.ts'

failOnLeakedFds()
closeAfterEach()
const namespaces = testNamespaces()
/** The loopback interface is the first of every namespace. */
const lo = 1
const loopback = 0x7f000001

/** Answers one connection to a port with a line, and says what a client of `connectTo` has read. */
const serveOnce = (port: number, connectTo: number, prefix = ''): string => `
  const net = require('node:net')
  const server = net.createServer((socket) => socket.end('served\\n')).listen(${port}, '127.0.0.1', () => {
    ${prefix}
    const client = net.connect(${connectTo}, '127.0.0.1')
    client.setEncoding('utf8')
    client.on('data', (text) => process.stdout.write(text))
    client.on('error', (error) => process.stdout.write(error.code))
    client.on('close', () => server.close())
  })`

describe('XDP: packet counter', () => {
  it('counts the packets of an interface by protocol', () => {
    const namespace = namespaces.create('xdp')
    const { map, program } = load(xdpPacketCounter, packetsByProtocol)
    closing(inNamespace(namespace, () => attachXdp(program, { ifindex: lo })))
    run(namespace, 'bash', '-c', 'for i in 1 2 3; do echo > /dev/udp/127.0.0.1/9; done')
    expect(map.get(17)).toEqual({ packets: 3n })
    expect(map.get(6)).toEqual({ packets: 0n })
  })
})

describe('test runs', () => {
  it('of XDP programs and socket filters take a packet', () => {
    const udp = new Uint8Array(64)
    udp.set([0x08, 0x00, 0x45], 12)
    udp[14 + 9] = 17
    const xdp = load(xdpPacketCounter, packetsByProtocol)
    expect(xdp.program.testRun(udp).retval).toBe(2)
    expect(xdp.map.get(17)).toEqual({ packets: 1n })
    const filter = load(socketFilterShortDatagrams, datagrams)
    // Of what follows an Ethernet header, the fifth and sixth byte are the length of a datagram.
    const datagram = new Uint8Array(64)
    datagram.set([0, 50], 14 + 4)
    expect(filter.program.testRun(datagram).retval).toBe(50)
    datagram.set([1, 0], 14 + 4)
    expect(filter.program.testRun(datagram).retval).toBe(0)
    expect(filter.map.get(0)).toEqual({ passed: 1n, dropped: 1n })
  })
})

describe('TC: port redirector', () => {
  it('makes a server answer under another port', () => {
    const namespace = namespaces.create('tc')
    const reach = (): string => run(namespace, process.execPath, '-e', serveOnce(8080, 8081))
    expect(reach()).toBe('ECONNREFUSED')
    for (const direction of ['ingress', 'egress'] as const) {
      const program = loadOnly(tcPortRedirector(direction, 8081, 8080))
      closing(inNamespace(namespace, () => attachTcx(program, { ifindex: lo, direction })))
    }
    expect(reach()).toBe('served\n')
  })
})

describe('socket filter: short datagrams', () => {
  const AF_INET = 2
  const SOCK_DGRAM_NONBLOCK = 2 | 0o4000

  it('drops long datagrams and lets short ones pass', () => {
    const { map, program } = load(socketFilterShortDatagrams, datagrams)
    const socket = syscall('socket', syscallNumber('socket'), AF_INET, SOCK_DGRAM_NONBLOCK, 0)
    closing({ [Symbol.dispose]: () => syscall('close', syscallNumber('close'), socket) })
    const address = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    syscall('bind', syscallNumber('bind'), socket, address, address.length)
    const length = new Uint8Array(Int32Array.of(address.length).buffer)
    syscall('getsockname', syscallNumber('getsockname'), socket, address, length)
    const send = (bytes: number): void => {
      syscall('sendto', syscallNumber('sendto'), socket, new Uint8Array(bytes), bytes, 0, address, 16)
    }
    const received = (): number | undefined => {
      try {
        return syscall(
          'recvfrom',
          syscallNumber('recvfrom'),
          socket,
          new Uint8Array(2048),
          2048,
          0,
          null,
          null,
        )
      } catch {
        return undefined
      }
    }
    attachSocketFilter(program, socket)
    send(100)
    send(101)
    expect([received(), received()]).toEqual([100, undefined])
    expect(map.get(0)).toEqual({ passed: 1n, dropped: 1n })
    detachSocketFilter(socket)
    send(101)
    expect(received()).toBe(101)
    expect(map.get(0)).toEqual({ passed: 1n, dropped: 1n })
  })
})

describe('cgroups', () => {
  const path = `${cgroupRoot}/tsbpf-example-${process.pid}`
  beforeAll(() => {
    mkdirSync(path)
  })
  afterAll(() => {
    rmdirSync(path)
  })
  const join = `require('node:fs').writeFileSync('${path}/cgroup.procs', String(process.pid));`

  it('egress bytes: counts what the processes of the cgroup send, and only those', () => {
    const { map, program } = load(cgroupEgressBytes, sent)
    closing(attachCgroup(program, { path }))
    const send = 'printf %0100d 0 > /dev/udp/127.0.0.1/9'
    execFileSync('bash', ['-c', send])
    expect(map.get(0)).toEqual({ packets: 0n, bytes: 0n })
    execFileSync('bash', ['-c', `echo $$ > ${path}/cgroup.procs; ${send}`])
    // An IPv4 and a UDP header in front.
    expect(map.get(0)).toEqual({ packets: 1n, bytes: 128n })
  })

  it('connect4 redirect: sends connections to another port', () => {
    const namespace = namespaces.create('connect')
    const { map, program } = load(connect4Redirect, redirects)
    closing(attachCgroup(program, { path }))
    const reach = (prefix = ''): string =>
      run(namespace, process.execPath, '-e', serveOnce(8080, 8081, prefix))
    map.set({ address: loopback, port: 8081, reserved: 0 }, { address: loopback, port: 8080, reserved: 0 })
    expect(reach()).toBe('ECONNREFUSED')
    expect(reach(join)).toBe('served\n')
    map.delete({ address: loopback, port: 8081, reserved: 0 })
    expect(reach(join)).toBe('ECONNREFUSED')
  })
})
