import net from 'node:net'
import { expect } from 'vitest'
import { kernelType } from '../../../src/asm/dsl/kernel/kernel-type.ts'
import { BPF_F_CURRENT_NETNS, SocketTuple4 } from '../../../src/asm/dsl/kernel/socket-layouts.ts'
import { array } from '../../../src/asm/dsl/map/definition.ts'
import { socketMap } from '../../../src/asm/dsl/map/objects.ts'
import { socketStorage } from '../../../src/asm/dsl/map/storage.ts'
import { TC_ACT_OK, TCX_NEXT } from '../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { SK_DROP, SK_PASS, skLookup } from '../../../src/asm/dsl/program/sk-lookup.ts'
import { be32, u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { array as arrayOf, struct } from '../../../src/asm/layout/struct.ts'
import { createMap, createObjectMap, createStorage } from '../../../src/loader/bpf/create-map.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { attachNamespace } from '../../../src/loader/program/link-netns.ts'
import { attachTcx } from '../../../src/loader/program/link-tcx.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { test } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()
const namespaces = testNamespaces()
/** The loopback interface is the first of every namespace. */
const lo = 1
/** BPF_TCP_LISTEN (include/uapi/linux/bpf.h). */
const listening = 10

/** Listens on a port, connects to another one, and prints what the client gets. */
const serve = (port: number, connectTo: number): string => `
  const net = require('node:net')
  const server = net.createServer((socket) => socket.end('served by ' + socket.localPort)).listen(${port}, '127.0.0.1', () => {
    const client = net.connect(${connectTo}, '127.0.0.1')
    client.setEncoding('utf8')
    client.on('data', (text) => process.stdout.write(text))
    client.on('error', (error) => process.stdout.write(error.code))
    client.on('close', () => server.close())
  })`

test('a listener is looked up, and gets connections to another port', () => {
  const Seen = struct('seen', {
    listeners: u64,
    none: u64,
    failed: u64,
    state: u32,
    port: u32,
    address: be32,
  })
  const seen = array('t_seen', Seen, { maxEntries: 1 })
  const steer = tc('t_steer', (b, skb) => {
    const count = b.lookup(seen, 0, { otherwise: TC_ACT_OK })
    const ip = b.packet(skb).ipv4({ otherwise: TC_ACT_OK })
    const tcp = ip.tcp()
    b.if(tcp.destination.eq(8081).and(tcp.flags.syn.eq(1)).and(tcp.flags.ack.eq(0)), () => {
      const tuple = b.stack(SocketTuple4, {
        source: ip.source,
        destination: ip.destination,
        sourcePort: tcp.source,
        destinationPort: 8080,
      })
      b.helpers.skc_lookup_tcp(
        { ctx: skb, tuple, netns: BPF_F_CURRENT_NETNS },
        {
          some: (socket) => {
            b.atomicAdd(count, { listeners: 1 })
            b.assign(count, {
              state: socket.state,
              port: socket.sourcePort,
              address: socket.sourceIp4,
            })
            b.if(b.helpers.sk_assign({ ctx: skb, socket }).ne(0), () => b.atomicAdd(count, { failed: 1 }))
            b.helpers.sk_release({ socket })
          },
          none: () => b.atomicAdd(count, { none: 1 }),
        },
      )
    })
    b.return(TC_ACT_OK)
  })
  const namespace = namespaces.create('steer')
  using map = createMap(seen)
  using program = loadProgram(steer, { maps: [map] })
  using _link = inNamespace(namespace, () => attachTcx(program, { ifindex: lo, direction: 'ingress' }))
  expect(run(namespace, process.execPath, '-e', serve(8080, 8081))).toBe('served by 8081')
  expect(map.get(0)).toEqual({
    listeners: 1n,
    none: 0n,
    failed: 0n,
    state: listening,
    port: 8080,
    address: 0x7f000001,
  })
  expect(run(namespace, process.execPath, '-e', serve(8082, 8081))).toBe('ECONNREFUSED')
  expect(map.get(0)).toMatchObject({ listeners: 1n, none: 1n })
})

test('the socket of a packet: its state, the same in kernel types, and what a map keeps for it', () => {
  const Tcp = kernelType('tcp_sock', { snd_una: u32, mss_cache: u32 })
  const Seen = struct('seen', {
    packets: u64,
    half: u64,
    differ: u64,
    largest: u64,
    mss: u32,
    port: u32,
    source: be32,
    destination: be32,
    // Copied word by word: the kernel rewrites every access.
    source6: arrayOf(be32, 4),
  })
  const seen = array('t_seen', Seen, { maxEntries: 1 })
  const perSocket = socketStorage('t_per_socket', struct('per_socket', { packets: u64 }))
  const watch = tc('t_watch', (b, skb) => {
    const count = b.lookup(seen, 0, { otherwise: TCX_NEXT })
    b.socketOf(skb, {
      some: (common) => {
        b.helpers.sk_fullsock(
          { socket: common },
          {
            some: (socket) => {
              // What connects: the listener's port is another one.
              b.if(socket.destinationPort.ne(8080), () => b.return(TCX_NEXT))
              const own = b.storage(perSocket, socket, { create: {}, otherwise: TCX_NEXT })
              b.assign(own, { packets: own.packets.add(1) })
              b.helpers.tcp_sock(
                { socket },
                {
                  some: (tcp) => {
                    b.atomicAdd(count, { packets: 1 })
                    b.assign(count, {
                      largest: own.packets,
                      mss: tcp.mssCache,
                      port: socket.sourcePort,
                      source: socket.sourceIp4,
                      destination: socket.destinationIp4,
                      source6: socket.sourceIp6,
                    })
                    b.helpers.skc_to_tcp_sock(
                      { socket },
                      {
                        type: Tcp,
                        some: (kernel) => {
                          const same = kernel.snd_una.eq(tcp.sndUna).and(kernel.mss_cache.eq(tcp.mssCache))
                          b.if(same.not(), () => b.atomicAdd(count, { differ: 1 }))
                        },
                        none: () => b.atomicAdd(count, { differ: 1 }),
                      },
                    )
                  },
                },
              )
            },
            none: () => b.atomicAdd(count, { half: 1 }),
          },
        )
      },
    })
    b.return(TCX_NEXT)
  })
  const namespace = namespaces.create('watch')
  using map = createMap(seen)
  using storage = createStorage(perSocket)
  using program = loadProgram(watch, { maps: [map, storage] })
  using _link = inNamespace(namespace, () => attachTcx(program, { ifindex: lo, direction: 'egress' }))
  expect(run(namespace, process.execPath, '-e', serve(8080, 8080))).toBe('served by 8080')
  const { packets, largest, differ, port, mss, source, destination } = map.get(0) ?? {}
  // SYN, ACK, and at least the end.
  expect(packets).toBeGreaterThanOrEqual(3n)
  expect({ largest, differ, source, destination }).toEqual({
    largest: packets,
    differ: 0n,
    source: 0x7f000001,
    destination: 0x7f000001,
  })
  expect(mss).toBeGreaterThan(500)
  expect(port).toBeGreaterThan(1024)
})

test('a socket from a map gets every connection of a namespace', () => {
  const sockets = socketMap('t_sockets', { maxEntries: 1 })
  const choose = skLookup('t_choose', (b, ctx) => {
    b.if(ctx.localPort.eq(7), () => {
      b.lookupSocket(sockets, 0, {
        some: (socket) => {
          b.helpers.sk_assign({ ctx, socket })
          // Changed its mind, and again.
          b.helpers.sk_assign({ ctx, socket: null, flags: 1 })
          const refused = b.helpers.sk_assign({ ctx, socket }).ne(0).or(socket.state.ne(listening))
          b.helpers.sk_release({ socket })
          b.if(refused, () => b.return(SK_DROP))
        },
      })
    })
    b.return(SK_PASS)
  })
  const namespace = namespaces.create('choose')
  using map = createObjectMap(sockets)
  using program = loadProgram(choose, { maps: [map] })
  using _link = inNamespace(namespace, () => attachNamespace(program, 'sk_lookup'))
  const connect = (): string =>
    run(
      namespace,
      'bash',
      '-c',
      '(exec 3<>/dev/tcp/127.0.0.1/7 && echo connected) 2>/dev/null || echo refused',
    )
  expect(connect()).toBe('refused\n')
  const server = inNamespace(namespace, () => net.createServer().listen(8080))
  try {
    const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
    map.set(0, { fd })
    expect(connect()).toBe('connected\n')
  } finally {
    server.close()
  }
})
