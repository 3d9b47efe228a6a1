import { afterAll, beforeAll, expect } from 'vitest'
import { readSysctl, writeSysctl } from '../../../src/loader/netns/sysctl.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { until } from '../support/until.ts'

/** One limit for all network namespaces; only the initial one can set it. */
const limit = 'net.netfilter.nf_conntrack_max'

let lab: Lab
useLab({ backends: 1 }, (made) => {
  lab = made
})

beforeAll(async () => {
  await lab.backends[0]?.peer.listenEcho({ port: 7000 })
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
})

afterAll(async () => {
  await lab.lb.run('down')
})

test('with the connection table full, nothing for a service reaches the balancer’s own stack', async () => {
  const { client, balancer, vip } = lab
  const listener = await balancer.peer.listenEcho({ port: 80 })
  const open = await Promise.all(
    Array.from({ length: 20 }, () => client.peer.connect({ host: vip, port: 80 })),
  )
  // A connection is evicted in favour of a new one until data has gone both ways.
  for (const connection of open) expect(await client.peer.exchange(connection, 'a')).toBe('a')

  const before = await balancer.peer.counters()
  const previous = readSysctl(undefined, limit)
  try {
    writeSysctl(undefined, limit, 20)
    const refused = client.peer.tryConnect({ host: vip, port: 80, timeout: 2_500 })
    await until(
      'two dropped SYNs',
      () => lab.lb.status(),
      ({ counters }) => counters.dropTableFull >= 2,
    )
    expect(await refused).toEqual({ error: 'timeout' })
    for (const connection of open) expect(await client.peer.exchange(connection, 'b')).toBe('b')
  } finally {
    writeSysctl(undefined, limit, previous)
  }

  expect(await balancer.peer.accepted(listener)).toEqual([])
  const after = await balancer.peer.counters()
  for (const name of ['Tcp.InSegs', 'Tcp.OutRsts', 'Tcp.PassiveOpens', 'Ip.InDelivers'])
    expect({ name, count: after[name] }).toEqual({ name, count: before[name] })
  expect((await client.peer.connect({ host: vip, port: 80 })).server).toBe('b1')
  expect(await lab.lb.run('status')).toContain('dropped: the kernel’s connection table is full')
})
