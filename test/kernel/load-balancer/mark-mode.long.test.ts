import { afterEach, beforeAll, expect } from 'vitest'
import { readSysctl, writeSysctl } from '../../../src/loader/netns/sysctl.ts'
import type { UpResult } from '../../../src/programs/load-balancer/control/up.ts'
import { service } from '../support/command.ts'
import { describe, test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { run } from '../support/namespaces.ts'
import type { EchoConnection } from '../support/peer.ts'
import { snapshot } from '../support/snapshot.ts'
import { until } from '../support/until.ts'

let lab: Lab
useLab({ backends: 3 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) {
    await peer.listenHttp({ port: 8080 })
    await peer.listenEcho({ port: 7000 })
    await peer.listenUdp({ port: 5300 })
  }
  // Clients would otherwise keep a port back for a minute after closing first.
  lab.client.sysctl('net.ipv4.tcp_max_tw_buckets', 0)
})

afterEach(async () => {
  await lab.lb.try('down')
})

const http = ['10.2.1.2:8080', '10.2.2.2:8080']
const echo = ['10.2.1.2:7000', '10.2.2.2:7000']
const takeTurns = ['--scheduler', 'round-robin']

async function up(...args: string[]): Promise<void> {
  await lab.lb.run('up', 'eth0', ...args, '--translate', 'mark')
}

async function open(count: number, port = 80): Promise<EchoConnection[]> {
  const connections: EchoConnection[] = []
  for (let i = 0; i < count; i++) connections.push(await lab.client.peer.connect({ host: lab.vip, port }))
  return connections
}

async function exchangeAll(connections: readonly EchoConnection[], word: string): Promise<void> {
  for (const connection of connections) expect(await lab.client.peer.exchange(connection, word)).toBe(word)
}

const serversOf = (connections: readonly EchoConnection[]): string[] =>
  connections.map(({ server }) => server).sort()

const nft = (...args: string[]): string => run(lab.balancer.namespace, 'nft', ...args)

/** What a rule's counter in `nft list` has counted, found by the rule's comment. */
function counted(comment: string): number {
  const found = new RegExp(`counter packets (\\d+) bytes \\d+ .*comment "${comment}"`).exec(
    nft('list', 'ruleset'),
  )
  if (found === null) throw new Error(`there is no counting rule "${comment}"`)
  return Number(found[1])
}

describe('translation by netfilter', () => {
  test('HTTP is balanced, whole in both directions', async () => {
    await up(...service('80', ...http))
    const size = 1 << 18
    const transfers = await lab.client.peer.transfer({ host: lab.vip, port: 80, count: 60, size })
    for (const transfer of transfers) expect(transfer).toMatchObject({ bytes: size, same: true })
    expect([...new Set(transfers.map(({ server }) => server))].sort()).toEqual(['b1', 'b2'])

    const { interfaces, services, counters } = await lab.lb.status()
    expect(interfaces).toMatchObject([
      { translation: { way: 'mark', why: 'asked for with --translate mark' } },
    ])
    expect(services[0]?.backends).toHaveLength(2)
    expect(Object.values(counters).every((count) => count === 0)).toBe(true)
    expect(await lab.lb.run('status')).toMatch(/^translation: by netfilter \(mark\): asked for/m)
  })

  test('connections are counted, listed and shared out exactly', async () => {
    await up(...service('80', ...echo, '10.2.3.2:7000,weight=2'), ...takeTurns)
    const connections = await open(8)
    expect(serversOf(connections)).toEqual(['b1', 'b1', 'b2', 'b2', 'b3', 'b3', 'b3', 'b3'])
    const { backends } = await lab.lb.service('tcp/80')
    expect(backends.map(({ connections: all, active }) => ({ all, active }))).toEqual([
      { all: 2, active: 2 },
      { all: 2, active: 2 },
      { all: 4, active: 4 },
    ])
    const flows = await lab.lb.flows()
    expect(flows.map(({ source, vip, state }) => ({ source, vip, state }))).toEqual(
      expect.arrayContaining(
        connections.map(({ seen }) => ({ source: seen, vip: '10.1.0.1:80', state: 'ESTABLISHED' })),
      ),
    )
  })

  test('datagrams are balanced, and those of one port stay with one backend', async () => {
    await up(...service('udp/53', '10.2.1.2:5300', '10.2.2.2:5300'))
    const { peer } = lab.client
    const answers = await peer.udp({ host: lab.vip, port: 53, count: 60 })
    for (const answer of answers) expect(answer).toMatchObject({ from: '10.1.0.1:53', intact: true })
    expect(new Set(answers.map(({ server }) => server))).toEqual(new Set(['b1', 'b2']))
    const servers = new Set<string | undefined>()
    for (let i = 0; i < 10; i++) {
      const [answer] = await peer.udp({ host: lab.vip, port: 53, localPort: 41_000, size: 4000 })
      expect(answer).toMatchObject({ intact: true })
      servers.add(answer?.server)
    }
    expect(servers.size).toBe(1)
  })

  test.each(['fin', 'server-fin', 'reset'] as const)(
    'a client that closes by %s and connects again from its port is served, by either backend',
    async (how) => {
      await up(...service('80', ...echo), ...takeTurns)
      const { peer } = lab.client
      const servers: string[] = []
      for (let round = 0; round < 6; round++) {
        const connection = await peer.connect({ host: lab.vip, port: 80, localPort: 42_001 })
        servers.push(connection.server)
        await exchangeAll([connection], `round ${round}`)
        await peer.close(connection, how)
      }
      expect(servers).toEqual(['b1', 'b2', 'b1', 'b2', 'b1', 'b2'])
    },
  )

  test('with the connection table full, connections are dropped and counted, and none reaches this host', async () => {
    const { client, balancer, vip } = lab
    const limit = 'net.netfilter.nf_conntrack_max'
    const listener = await balancer.peer.listenEcho({ port: 80 })
    await up(...service('80', ...echo))
    const connections = await open(20)
    // A connection is evicted in favour of a new one until data has gone both ways.
    await exchangeAll(connections, 'before')
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
      await exchangeAll(connections, 'meanwhile')
    } finally {
      writeSysctl(undefined, limit, previous)
    }
    expect(await balancer.peer.accepted(listener)).toEqual([])
    await balancer.peer.stop(listener)
    await open(1)
  })

  test('down leaves nothing', async () => {
    const before = snapshot(lab)
    await up(...service('80', ...echo), ...service('udp/53', '10.2.1.2:5300'))
    await open(4)
    expect(await lab.lb.run('down', 'eth0')).toMatch(/4 connections ended/)
    expect(snapshot(lab)).toEqual(before)
  })
})

describe('the administrator’s own marks and rules', () => {
  afterEach(() => {
    // Adding what is there already is no error, so that there is something to delete.
    nft('add table ip own; delete table ip own')
  })

  test('marks that others set, before and after, arrive unchanged on every packet', async () => {
    nft(`table ip own {
      chain early {
        type filter hook prerouting priority raw; policy accept;
        iif eth0 meta mark set 7
      }
      chain late {
        type filter hook forward priority filter; policy accept;
        iif eth0 meta mark != 7 counter comment "other mark";
        iif eth0 meta mark 7 counter comment "own mark";
        meta priority != none counter comment "priority"
      }
    }`)
    await up(...service('80', ...http))
    const answers = await lab.client.peer.get({ host: lab.vip, port: 80, count: 20 })
    for (const { status } of answers) expect(status).toBe(200)
    expect(counted('other mark')).toBe(0)
    expect(counted('own mark')).toBeGreaterThan(60)
    expect(counted('priority')).toBe(0)
  })

  test('rules that restore marks and translate at the usual places do not get in the way', async () => {
    nft(`table ip own {
      chain restore {
        type filter hook prerouting priority mangle; policy accept;
        meta mark set ct mark
      }
      chain theirs {
        type nat hook prerouting priority dstnat; policy accept;
        tcp dport 80 dnat to 10.2.3.2:8080
      }
      chain their_sources {
        type nat hook postrouting priority srcnat; policy accept;
        oif be1 snat to 10.1.0.1
      }
    }`)
    await up(...service('80', ...http))
    for (const { body } of await lab.client.peer.get({ host: lab.vip, port: 80, count: 20 }))
      expect(body).toMatch(/^b([12]) 10\.2\.\1\.1:\d+$/)
  })

  test('a priority that is not the program’s stays with its packet', async () => {
    // Set anew where packets are forwarded, unless told otherwise.
    lab.balancer.sysctl('net.ipv4.ip_forward_update_priority', 0)
    try {
      nft(`table ip own {
        chain early {
          type filter hook prerouting priority raw; policy accept;
          iif eth0 tcp dport 7000 meta priority set 1a:1b
        }
        chain late {
          type filter hook forward priority filter; policy accept;
          iif eth0 tcp dport 7000 meta priority 1a:1b counter comment "kept";
          iif eth0 tcp dport 7000 meta priority != 1a:1b counter comment "lost"
        }
      }`)
      await up(...service('80', ...echo, '10.2.3.2:7000'))
      lab.backends[2]?.addRoute('10.2.3.1', '10.1.0.0/24')
      const direct = await lab.client.peer.connect({ host: lab.backendAddress(2), port: 7000 })
      await exchangeAll([direct], 'past the balancer')
      expect(counted('kept')).toBeGreaterThan(2)
      expect(counted('lost')).toBe(0)
    } finally {
      lab.balancer.sysctl('net.ipv4.ip_forward_update_priority', 1)
    }
  })
})

describe('changes reach the maps', () => {
  const elements = (map: string): string[] =>
    [...(/elements = \{ ([^}]*)\}/.exec(nft('list', 'map', 'inet', 'tsbpf_lb', map))?.[1]?.split(',') ?? [])]
      .map((one) => one.trim())
      .sort()

  test('a backend drains with its connections open, is removed, and its index goes to another', async () => {
    await up(...service('80', ...echo), ...takeTurns)
    const before = await open(4)
    await lab.lb.run('backend', 'drain', '80', '10.2.1.2:7000')
    expect(serversOf(await open(4))).toEqual(['b2', 'b2', 'b2', 'b2'])
    await exchangeAll(before, 'while draining')

    await lab.lb.run('backend', 'remove', '80', '10.2.1.2:7000')
    expect(elements('destinations')).toEqual(['0x1b000001 : 10.2.2.2 . 7000'])
    await lab.lb.run('backend', 'add', '80', '10.2.3.2:7000')
    expect(elements('destinations')).toEqual(['0x1b000000 : 10.2.3.2 . 7000', '0x1b000001 : 10.2.2.2 . 7000'])
    expect(elements('sources')).toEqual(['0x1b000000 : 10.2.3.1', '0x1b000001 : 10.2.2.1'])
    expect(serversOf(await open(4))).toEqual(['b2', 'b2', 'b3', 'b3'])
    await exchangeAll(
      before.filter(({ server }) => server === 'b2'),
      'still there',
    )
    expect((await lab.lb.status()).netfilter).toBe('ok')
  })

  test('a service is added and removed', async () => {
    await up(...service('80', ...echo))
    await lab.lb.run('service', 'add', '81', '--backend', '10.2.3.2:7000')
    expect(serversOf(await open(2, 81))).toEqual(['b3', 'b3'])
    await lab.lb.run('service', 'remove', '81')
    expect(elements('choices')).toEqual(['1b00:0 : 0x1b000000', '1b00:1 : 0x1b000001'])
    expect((await lab.lb.status()).netfilter).toBe('ok')
  })

  test('what somebody else changes is seen, and repaired by another up, counters kept', async () => {
    await up(...service('80', ...echo))
    await open(3)
    nft('flush', 'map', 'inet', 'tsbpf_lb', 'destinations')
    expect((await lab.lb.status()).netfilter).toBe('changed')
    await up()
    expect((await lab.lb.status()).netfilter).toBe('ok')
    await open(1)
    nft('add', 'rule', 'inet', 'tsbpf_lb', 'guard', 'accept')
    await up()
    expect((await lab.lb.status()).netfilter).toBe('ok')
    expect(counted('chosen by the program')).toBe(4)
  })
})

describe('another up changes the way, and open connections do not notice', () => {
  test('from the program to netfilter, back, and back again', async () => {
    await lab.lb.run('up', 'eth0', ...service('80', ...echo), ...takeTurns, '--translate', 'kfunc')
    expect(nft('list', 'ruleset')).not.toContain('map choices')
    const connections = await open(2)
    for (const way of ['mark', 'mark', 'kfunc', 'kfunc', 'mark']) {
      const again = await lab.lb.json<UpResult>('up', 'eth0', '--translate', way)
      expect(again).toMatchObject({ outcome: 'replaced', translation: { way } })
      await exchangeAll(connections, `after ${way}`)
      connections.push(...(await open(2)))
      await exchangeAll(connections, `within ${way}`)
      expect(nft('list', 'ruleset').includes('map choices')).toBe(way === 'mark')
      const { netfilter, interfaces, counters } = await lab.lb.status()
      expect({ netfilter, way: interfaces[0]?.translation.way }).toEqual({ netfilter: 'ok', way })
      expect(counters).toMatchObject({ dropUntranslated: 0, dropClash: 0 })
    }
    expect(serversOf(connections)).toEqual([...Array(6).fill('b1'), ...Array(6).fill('b2')])
    expect(await lab.lb.flows()).toHaveLength(12)
    expect(await lab.lb.run('down')).toContain('12 connections ended')
  })

  test('on two interfaces at once, the ways may differ', async () => {
    await up(...service('80', ...echo))
    await lab.lb.run('up', 'be3', ...service('81', ...echo), '--translate', 'kfunc')
    const host = '10.2.3.1'
    const other = lab.backends[2]?.peer
    await open(2)
    expect((await other?.connect({ host, port: 81 }))?.server).toMatch(/^b[12]$/)
    const { interfaces } = await lab.lb.status()
    expect(interfaces.map(({ name, translation }) => `${name} ${translation.way}`).sort()).toEqual([
      'be3 kfunc',
      'eth0 mark',
    ])
    await lab.lb.run('down', 'eth0')
    expect(nft('list', 'ruleset')).not.toContain('map choices')
    expect((await other?.connect({ host, port: 81 }))?.server).toMatch(/^b[12]$/)
  })
})
