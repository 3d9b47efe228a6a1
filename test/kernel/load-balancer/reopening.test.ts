import { afterAll, beforeAll, expect } from 'vitest'
import { setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { until } from '../support/until.ts'

let lab: Lab
useLab({ backends: 2 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
  // The client's own stack would otherwise keep the port back for a minute after closing first.
  lab.client.sysctl('net.ipv4.tcp_max_tw_buckets', 0)
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000', '10.2.2.2:7000'))
})

afterAll(async () => {
  await lab.lb.run('down')
})

test.each([
  { how: 'fin', localPort: 42_001 },
  { how: 'server-fin', localPort: 42_002 },
  { how: 'reset', localPort: 42_003 },
] as const)(
  'a client that closes by $how and connects again from its port is served, 20 times',
  async ({ how, localPort }) => {
    const { peer } = lab.client
    const servers = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const connection = await peer.connect({ host: lab.vip, port: 80, localPort })
      servers.add(connection.server)
      expect(await peer.exchange(connection, `round ${round}`)).toBe(`round ${round}`)
      await peer.close(connection, how)
    }
    // Each connection is a new one, and chosen for anew: all 20 on one backend is one chance in half a million.
    expect([...servers].sort()).toEqual(['b1', 'b2'])
  },
)

test('a client that vanished without a word connects again from its port while its old connection is open', async () => {
  const { peer, route } = lab.client
  const target = { host: lab.vip, port: 80, localPort: 42_005 }
  const lost = await peer.connect(target)
  expect(await peer.exchange(lost, 'before')).toBe('before')
  // The reset does not get out: for the backend and the connection table nothing has happened.
  setLink(route, 'eth0', { up: false })
  await peer.close(lost, 'reset')
  setLink(route, 'eth0', { up: true })

  // The backend says that it knows of another connection, the client resets that one, and tries again.
  const connection = await peer.connect(target)
  expect(await peer.exchange(connection, 'after')).toBe('after')
})

test('datagrams from a port whose flow has expired open a new flow', async () => {
  const [backend] = lab.backends
  await backend?.peer.listenUdp({ port: 5300 })
  await lab.lb.run('service', 'add', 'udp/53', '--backend', '10.2.1.2:5300')
  lab.balancer.sysctl('net.netfilter.nf_conntrack_udp_timeout', 1)
  lab.balancer.sysctl('net.netfilter.nf_conntrack_udp_timeout_stream', 1)
  for (let round = 0; round < 3; round++) {
    const [answer] = await lab.client.peer.udp({ host: lab.vip, port: 53, localPort: 42_004 })
    expect(answer).toMatchObject({ server: 'b1', from: `${lab.vip}:53`, intact: true })
    await until(
      'the flow to expire',
      () => lab.lb.flows(),
      (flows) => !flows.some(({ protocol }) => protocol === 'udp'),
    )
  }
  const [flows] = (await lab.lb.service('udp/53')).backends
  expect(flows?.connections).toBeGreaterThanOrEqual(3)
})
