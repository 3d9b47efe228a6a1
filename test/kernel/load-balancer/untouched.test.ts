import { afterEach, beforeAll, expect } from 'vitest'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { nftPriorities } from '../../../src/loader/netlink/nftables/constants.ts'
import { connectionStateNot, countAndDrop } from '../../../src/loader/netlink/nftables/matches.ts'
import { NftTransaction } from '../../../src/loader/netlink/nftables/transaction.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { service } from '../support/command.ts'
import { ping } from '../support/icmp.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'

let lab: Lab
useLab({ backends: 1 }, (made) => {
  lab = made
})

const up = ['up', 'eth0', ...service('80', '10.2.1.2:7000')]

beforeAll(async () => {
  const [backend] = lab.backends
  await backend?.peer.listenEcho({ port: 7000 })
  await backend?.peer.listenUdp({ port: 7000 })
  // Only for packets that are not translated.
  backend?.addRoute('10.2.1.1')
})

afterEach(async () => {
  await lab.lb.run('down')
})

test('other ports and protocols of the balancer’s address answer as before', async () => {
  const { client, balancer, vip } = lab
  await lab.lb.run(...up)
  await balancer.peer.listenEcho({ port: 81 })
  await balancer.peer.listenUdp({ port: 80 })
  const local = await client.peer.connect({ host: vip, port: 81 })
  expect(local).toMatchObject({ server: 'balancer', seen: `10.1.0.2:${local.localPort}` })
  expect(await client.peer.exchange(local, 'hello')).toBe('hello')
  expect(await client.peer.udp({ host: vip, port: 80 })).toMatchObject([{ server: 'balancer', intact: true }])
  // Port 82 is closed, and says so at once.
  expect(await client.peer.tryConnect({ host: vip, port: 82 })).toEqual({ error: 'ECONNREFUSED' })
  expect((await client.peer.connect({ host: vip, port: 80 })).server).toBe('b1')
})

test('forwarded traffic passes untranslated', async () => {
  const { client, backendAddress } = lab
  await lab.lb.run(...up)
  const host = backendAddress(0)
  const direct = await client.peer.connect({ host, port: 7000 })
  expect(direct).toMatchObject({ server: 'b1', seen: `10.1.0.2:${direct.localPort}` })
  expect(await client.peer.exchange(direct, 'hello')).toBe('hello')
  expect(await client.peer.udp({ host, port: 7000 })).toMatchObject([{ server: 'b1', intact: true }])
  expect(await lab.lb.flows()).toEqual([])
})

test('ICMP echo is answered by the balancer and through it', async () => {
  await lab.lb.run(...up)
  const payload = Uint8Array.from({ length: 1000 }, (_, i) => i)
  expect(await ping(lab.client, lab.vip, payload)).toEqual(payload)
  expect(await ping(lab.client, lab.backendAddress(0), payload)).toEqual(payload)
})

test('a connection to the balancer itself from before its port was balanced goes on', async () => {
  const { client, balancer, vip } = lab
  const listener = await balancer.peer.listenEcho({ port: 80 })
  const netfilter = inNamespace(balancer.namespace, () => NetlinkSocket.open('netfilter'))
  // A stateful firewall of somebody's: without one the kernel does not track connections, and none is known.
  const table = { family: 'ip', name: 'firewall' } as const
  const base = { type: 'filter', hook: 'input', priority: nftPriorities.filter } as const
  const expressions = [...connectionStateNot('established', 'related', 'new'), ...countAndDrop]
  new NftTransaction('test')
    .createTable({ ...table, chains: [{ name: 'input', base, rules: [{ expressions }] }] })
    .commit(netfilter)
  try {
    const old = await client.peer.connect({ host: vip, port: 80 })
    expect(await client.peer.exchange(old, 'before')).toBe('before')
    await lab.lb.run(...up)
    expect(await client.peer.exchange(old, 'after')).toBe('after')
    expect((await lab.lb.status()).counters.foreign).toBeGreaterThan(0)
    expect((await client.peer.connect({ host: vip, port: 80 })).server).toBe('b1')
  } finally {
    new NftTransaction('test').deleteTable(table).commit(netfilter)
    netfilter.close()
    await balancer.peer.stop(listener)
  }
})
