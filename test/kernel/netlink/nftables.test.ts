import { beforeEach, expect } from 'vitest'
import { parseIp } from '../../../src/loader/address/ip.ts'
import { NetlinkError } from '../../../src/loader/netlink/core/errors.ts'
import { netfilterGroups } from '../../../src/loader/netlink/core/netfilter-message.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import {
  clearPriority,
  connectionMarkByPriority,
  destinationByMark,
  destinationData,
  sourceByMark,
} from '../../../src/loader/netlink/nftables/actions.ts'
import { nftPriorities } from '../../../src/loader/netlink/nftables/constants.ts'
import { tableDifferences } from '../../../src/loader/netlink/nftables/differences.ts'
import type { Expression } from '../../../src/loader/netlink/nftables/expressions.ts'
import {
  connectionIsNew,
  connectionStateNot,
  countAndDrop,
  destinationIn,
  destinationKey,
  hostNumber,
  inputInterfaceIn,
  priorityIs,
} from '../../../src/loader/netlink/nftables/matches.ts'
import type { ChainSpec, TableSpec } from '../../../src/loader/netlink/nftables/specs.ts'
import {
  listElements,
  listMapElements,
  listMaps,
  listSets,
  listTables,
  readTable,
  ruleCounter,
  type TableContents,
} from '../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../src/loader/netlink/nftables/transaction.ts'
import { addAddress } from '../../../src/loader/netlink/route/addresses.ts'
import { createVeth, setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { getLink } from '../../../src/loader/netlink/route/links.ts'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { describe, test } from '../support/kernel-test.ts'
import { run, runJson, testNamespaces } from '../support/namespaces.ts'

const TCP = 6
const UDP = 17

const namespaces = testNamespaces()
let a: NetworkNamespace
let socket: NetlinkSocket

beforeEach(() => {
  a = namespaces.create('a')
  socket = namespaces.open(a, 'netfilter')
})

/** The load balancer's own table: registers the NAT and the conntrack hooks, and drops what was not translated. */
const guardTable: TableSpec = {
  family: 'inet',
  name: 'tsbpf_lb',
  comment: 'made by tsbpf-lb',
  sets: [
    { name: 'interfaces', key: ['iface_index'], elements: [hostNumber(1)] },
    {
      name: 'frontends',
      key: ['ipv4_addr', 'inet_proto', 'inet_service'],
      comment: 'VIPs',
      elements: [
        destinationKey(parseIp('192.0.2.1'), TCP, 80),
        destinationKey(parseIp('192.0.2.1'), UDP, 53),
      ],
    },
    {
      name: 'frontends6',
      key: ['ipv6_addr', 'inet_proto', 'inet_service'],
      elements: [destinationKey(parseIp('2001:db8::1'), TCP, 443)],
    },
  ],
  chains: [
    { name: 'nat', base: { type: 'nat', hook: 'prerouting', priority: nftPriorities.dstnat } },
    {
      name: 'guard',
      comment: 'after NAT',
      base: { type: 'filter', hook: 'prerouting', priority: nftPriorities.dstnat + 5 },
      rules: [
        {
          expressions: [
            ...inputInterfaceIn('interfaces'),
            ...destinationIn('frontends', 'ipv4'),
            ...connectionStateNot('established', 'related'),
            ...countAndDrop,
          ],
          comment: 'not translated',
        },
        {
          expressions: [
            ...inputInterfaceIn('interfaces'),
            ...destinationIn('frontends6', 'ipv6'),
            ...connectionStateNot('established', 'related'),
            ...countAndDrop,
          ],
        },
      ],
    },
  ],
}

const create = (table: TableSpec) => new NftTransaction('test').createTable(table).commit(socket)
const read = (table: TableSpec) => readTable(socket, table)

describe('the load balancer’s table', () => {
  test('nft list shows what was meant', () => {
    create(guardTable)
    const expected = `table inet tsbpf_lb {
	comment "made by tsbpf-lb"
	set interfaces {
		type iface_index
		elements = { "lo" }
	}

	set frontends {
		type ipv4_addr . inet_proto . inet_service
		comment "VIPs"
		elements = { 192.0.2.1 . tcp . 80,
			     192.0.2.1 . udp . 53 }
	}

	set frontends6 {
		type ipv6_addr . inet_proto . inet_service
		elements = { 2001:db8::1 . tcp . 443 }
	}

	chain nat {
		type nat hook prerouting priority dstnat; policy accept;
	}

	chain guard {
		comment "after NAT"
		type filter hook prerouting priority dstnat + 5; policy accept;
		iif @interfaces ip daddr . meta l4proto . th dport @frontends ct state ! established,related counter packets 0 bytes 0 drop comment "not translated"
		iif @interfaces ip6 daddr . meta l4proto . th dport @frontends6 ct state ! established,related counter packets 0 bytes 0 drop
	}
}
`
    const sorted = (text: string) =>
      text.replace(/(elements = \{ )([^}]*)\}/g, (_all, head, list: string) => {
        const items = list
          .split(',')
          .map((item) => item.trim())
          .sort()
        return `${head}${items.join(', ')} }`
      })
    expect(sorted(run(a, 'nft', 'list', 'ruleset'))).toBe(sorted(expected))
  })

  test('is the same as the one nft makes of this text', () => {
    const other = namespaces.create('b')
    run(
      other,
      'nft',
      `table inet tsbpf_lb {
        set interfaces { type iface_index; elements = { "lo" } }
        set frontends { typeof ip daddr . meta l4proto . th dport; elements = { 192.0.2.1 . tcp . 80 } }
        chain nat { type nat hook prerouting priority dstnat; }
        chain guard {
          type filter hook prerouting priority dstnat + 5;
          iif @interfaces ip daddr . meta l4proto . th dport @frontends ct state ! established,related counter drop
        }
      }`,
    )
    const table: TableSpec = {
      family: 'inet',
      name: 'tsbpf_lb',
      sets: [
        { name: 'interfaces', key: ['iface_index'], elements: [hostNumber(1)] },
        {
          name: 'frontends',
          key: ['ipv4_addr', 'inet_proto', 'inet_service'],
          elements: [destinationKey(parseIp('192.0.2.1'), TCP, 80)],
        },
      ],
      chains: [
        { name: 'nat', base: { type: 'nat', hook: 'prerouting', priority: -100 } },
        {
          name: 'guard',
          base: { type: 'filter', hook: 'prerouting', priority: -95 },
          rules: [
            {
              expressions: [
                ...inputInterfaceIn('interfaces'),
                ...destinationIn('frontends', 'ipv4'),
                ...connectionStateNot('established', 'related'),
                ...countAndDrop,
              ],
            },
          ],
        },
      ],
    }
    expect(tableDifferences(table, readTable(namespaces.open(other, 'netfilter'), table))).toEqual([])
    create(table)
    const withoutHandles = (namespace: NetworkNamespace) =>
      JSON.stringify(runJson(namespace, 'nft', '-j', 'list', 'ruleset'), (key, value) =>
        key === 'handle' ? undefined : value,
      )
    expect(withoutHandles(a)).toBe(withoutHandles(other))
  })

  test('registers the NAT and the conntrack hooks: entries made by hand are translated', () => {
    const entry =
      '-I -p udp -s 127.0.0.1 -d 127.0.0.2 --sport 1000 --dport 2000 --dst-nat 127.0.0.3:3000 -t 60'
    run(a, 'conntrack', ...entry.split(' '))
    expect(whatArrives(a)).toEqual(['direct'])
    create(guardTable)
    expect(whatArrives(a)).toEqual(['translated', 'direct'])
  })

  test('reads back exactly as made', () => {
    create(guardTable)
    expect(tableDifferences(guardTable, read(guardTable))).toEqual([])
    const rule = read(guardTable)?.rules[0]
    expect(rule?.comment).toBe('not translated')
    expect(rule?.expressions).toEqual(guardTable.chains?.[1]?.rules?.[0]?.expressions)
  })
})

/** Sends to 127.0.0.2:2000 and then to 127.0.0.3:3000, and tells what 127.0.0.3:3000 received. */
function whatArrives(namespace: NetworkNamespace): string[] {
  const script = `
    const dgram = require('node:dgram')
    const receiver = dgram.createSocket('udp4'), sender = dgram.createSocket('udp4'), got = []
    receiver.on('message', (message) => {
      got.push(String(message))
      if (got.at(-1) === 'direct') { console.log(JSON.stringify(got)); process.exit() }
    })
    receiver.bind(3000, '127.0.0.3', () => sender.bind(1000, '127.0.0.1', () => {
      sender.send('translated', 2000, '127.0.0.2', () => sender.send('direct', 3000, '127.0.0.3'))
    }))`
  return JSON.parse(run(namespace, process.execPath, '-e', script)) as string[]
}

describe('changes by others are noticed', () => {
  test.each([
    ['delete table inet tsbpf_lb', ['table inet tsbpf_lb does not exist']],
    ['flush chain inet tsbpf_lb guard', ['number of rules in chain guard is 0, expected 2']],
    ['add set inet tsbpf_lb x { type mark; }', ['set x does not belong there']],
    ['add chain inet tsbpf_lb x', ['chain x does not belong there']],
    ['delete chain inet tsbpf_lb nat', ['chain nat is missing']],
    ['chain inet tsbpf_lb nat { policy drop; }', ['policy of chain nat is drop, expected accept']],
    ['add table inet tsbpf_lb { flags dormant; }', ['flags of table inet tsbpf_lb is 1, expected 0']],
    ['add element inet tsbpf_lb interfaces { 9 }', ['set interfaces has the element 09000000 too much']],
    ['flush set inet tsbpf_lb interfaces', ['set interfaces lacks the element 01000000']],
    [
      'insert rule inet tsbpf_lb guard accept',
      [
        'number of rules in chain guard is 3, expected 2',
        expect.stringContaining('comment of rule 1 of chain guard is none, expected not translated'),
        expect.stringMatching(/^rule 1 of chain guard is verdict verdict=accept, expected meta key=iif/),
        expect.stringContaining('comment of rule 2'),
        expect.stringContaining('rule 2 of chain guard'),
      ],
    ],
    ['reset counters', []],
  ])('nft %s', (command, differences) => {
    create(guardTable)
    run(a, 'nft', command)
    expect(tableDifferences(guardTable, read(guardTable))).toEqual(differences)
  })
})

describe('transactions', () => {
  test('a refused change undoes the whole', () => {
    const wrong = destinationKey(parseIp('192.0.2.9'), TCP, 80)
    const transaction = new NftTransaction('set up').createTable(guardTable)
    transaction.addElements(guardTable, 'interfaces', [wrong])
    const error = refusal(() => transaction.commit(socket))
    expect(error).toMatchObject({
      errnoName: 'EINVAL',
      attempted: 'set up: add elements of set interfaces in inet tsbpf_lb',
    })
    expect(listTables(socket)).toEqual([])
    expect(run(a, 'nft', 'list', 'ruleset')).toBe('')
  })

  test('creating what is there is EEXIST; deleting what is not is ENOENT', () => {
    create(guardTable)
    expect(refusal(() => create(guardTable))).toMatchObject({
      errnoName: 'EEXIST',
      attempted: 'test: create table inet tsbpf_lb',
    })
    new NftTransaction('tear down').deleteTable(guardTable).commit(socket)
    expect(read(guardTable)).toBeUndefined()
    const gone = refusal(() => new NftTransaction('tear down').deleteTable(guardTable).commit(socket))
    expect(gone).toMatchObject({ errnoName: 'ENOENT', attempted: 'tear down: delete table inet tsbpf_lb' })
  })

  test('replacing works with and without a table to replace, and touches no other', () => {
    run(a, 'nft', 'add table ip tsbpf_lb; add chain ip tsbpf_lb mine')
    for (let i = 0; i < 2; i++) {
      new NftTransaction('replace').replaceTable(guardTable).commit(socket)
      expect(tableDifferences(guardTable, read(guardTable))).toEqual([])
    }
    expect(listTables(socket).map(({ family }) => family)).toEqual(['ip', 'inet'])
    expect(listTables(socket, 'ip')).toHaveLength(1)
    expect(run(a, 'nft', 'list', 'table', 'ip', 'tsbpf_lb')).toContain('chain mine')
  })

  test('an empty one does nothing', () => {
    new NftTransaction('nothing').commit(socket)
    expect(listTables(socket)).toEqual([])
  })

  test('what nf_tables is watched for arrives as notifications', () => {
    const watcher = namespaces.open(a, 'netfilter')
    watcher.subscribe(netfilterGroups.nftables)
    expect(watcher.notifications()).toEqual({ messages: [], lost: false })
    run(a, 'nft', 'add table inet somebody')
    const { messages, lost } = watcher.notifications()
    expect(lost).toBe(false)
    expect(messages.length).toBeGreaterThan(0)
    expect(watcher.notifications().messages).toEqual([])
  })

  test('notifications that did not fit are reported as lost, and the socket goes on', () => {
    const watcher = namespaces.open(a, 'netfilter')
    watcher.growReceiveBuffer(2048)
    watcher.subscribe(netfilterGroups.nftables)
    for (let i = 0; i < 40; i++) run(a, 'nft', `add table inet t${i}`)
    expect(watcher.notifications().lost).toBe(true)
    run(a, 'nft', 'add table inet last')
    expect(watcher.notifications()).toMatchObject({ lost: false })
  })
})

describe('sets', () => {
  const id = { family: 'inet', name: 'with_sets' } as const
  const texts = (set: string) =>
    listElements(socket, id, set)
      .map((key) => key.join('.'))
      .sort()

  test('elements are added, deleted and flushed', () => {
    create({ ...id, sets: [{ name: 'ports', key: ['inet_service'], maxElements: 3 }] })
    const port = (value: number) => Uint8Array.of(value >> 8, value & 0xff)
    new NftTransaction('add').addElements(id, 'ports', [port(80), port(443), port(80)]).commit(socket)
    new NftTransaction('add again').addElements(id, 'ports', [port(80)]).commit(socket)
    expect(texts('ports')).toEqual(['0.80', '1.187'])
    expect(run(a, 'nft', 'list', 'set', 'inet', 'with_sets', 'ports')).toMatch(
      /elements = \{ (80, 443|443, 80) \}/,
    )
    const full = new NftTransaction('fill').addElements(id, 'ports', [port(1), port(2)])
    expect(refusal(() => full.commit(socket)).errnoName).toBe('ENFILE')
    new NftTransaction('delete').deleteElements(id, 'ports', [port(80)]).commit(socket)
    expect(texts('ports')).toEqual(['1.187'])
    const missing = new NftTransaction('delete').deleteElements(id, 'ports', [port(443), port(80)])
    expect(refusal(() => missing.commit(socket)).errnoName).toBe('ENOENT')
    expect(texts('ports')).toEqual(['1.187'])
    new NftTransaction('flush').flushSet(id, 'ports').commit(socket)
    expect(texts('ports')).toEqual([])
  })

  test('a large set is written and read whole', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) =>
      destinationKey(Uint8Array.of(10, 1, i >> 8, i & 255), TCP, i),
    )
    const key = ['ipv4_addr', 'inet_proto', 'inet_service'] as const
    create({ ...id, sets: [{ name: 'many', key, elements: keys }] })
    expect(texts('many')).toEqual(keys.map((each) => each.join('.')).sort())
  })

  test('a great many errors still name the first change at fault', () => {
    create({ ...id, sets: [{ name: 'marks', key: ['mark'], elements: [hostNumber(1)] }] })
    const transaction = new NftTransaction('storm').deleteElements(id, 'marks', [hostNumber(1)])
    for (let i = 2; i < 5_000; i++) transaction.deleteElements(id, 'marks', [hostNumber(i)])
    expect(refusal(() => transaction.commit(socket)).errnoName).toBe('ENOENT')
    expect(texts('marks')).toEqual(['1.0.0.0'])
  })

  test('a key that cannot be one is refused here', () => {
    const transaction = new NftTransaction('x')
    expect(() => transaction.addElements(id, 'x', [new Uint8Array(65)])).toThrow(/at most 64 bytes/)
  })
})

describe('maps', () => {
  const id = { family: 'inet', name: 'with_maps' } as const
  const element = (mark: number, address: string, port: number) => ({
    key: hostNumber(mark),
    data: destinationData(parseIp(address), port),
  })
  const table: TableSpec = {
    ...id,
    sets: [{ name: 'others', key: ['mark'] }],
    maps: [
      {
        name: 'choices',
        key: ['classid'],
        data: ['mark'],
        elements: [{ key: hostNumber(0x1b00_0002), data: hostNumber(0x1b00_0002) }],
      },
      {
        name: 'destinations',
        key: ['mark'],
        data: ['ipv4_addr', 'inet_service'],
        comment: 'where to',
        elements: [element(0x1b00_0002, '127.0.0.3', 3000)],
      },
      {
        name: 'sources',
        key: ['mark'],
        data: ['ipv4_addr'],
        maxElements: 9,
        elements: [{ key: hostNumber(0x1b00_0002), data: parseIp('127.0.0.9') }],
      },
    ],
    chains: [
      {
        name: 'choose',
        base: { type: 'filter', hook: 'prerouting', priority: nftPriorities.conntrack + 1 },
        rules: [
          { expressions: [...connectionIsNew, ...connectionMarkByPriority('choices')] },
          { expressions: [...priorityIs(0x1b00_0000, 0xff00_0000), ...clearPriority] },
        ],
      },
      {
        name: 'to',
        base: { type: 'nat', hook: 'prerouting', priority: nftPriorities.dstnat - 1 },
        rules: [{ expressions: destinationByMark('destinations', UDP, 'ipv4') }],
      },
      {
        name: 'from',
        base: { type: 'nat', hook: 'input', priority: nftPriorities.srcnat - 1 },
        rules: [{ expressions: sourceByMark('sources', 'ipv4') }],
      },
    ],
  }
  const text = `table inet with_maps {
	set others {
		type mark
	}

	map choices {
		type classid : mark
		elements = { 1b00:2 : 0x1b000002 }
	}

	map destinations {
		type mark : ipv4_addr . inet_service
		comment "where to"
		elements = { 0x1b000002 : 127.0.0.3 . 3000 }
	}

	map sources {
		type mark : ipv4_addr
		size 9
		elements = { 0x1b000002 : 127.0.0.9 }
	}

	chain choose {
		type filter hook prerouting priority -199; policy accept;
		ct status ! confirmed ct mark set meta priority map @choices
		meta priority & ff00:0 == 1b00:0 meta priority set none
	}

	chain to {
		type nat hook prerouting priority dstnat - 1; policy accept;
		meta l4proto udp dnat ip to ct mark map @destinations
	}

	chain from {
		type nat hook input priority 99; policy accept;
		snat ip to ct mark map @sources
	}
}
`

  test('nft list shows what was meant, and reads it again as the same', () => {
    create(table)
    const listed = run(a, 'nft', 'list', 'ruleset')
    expect(listed).toBe(text)
    const other = namespaces.create('b')
    run(other, 'nft', listed)
    expect(tableDifferences(table, readTable(namespaces.open(other, 'netfilter'), table))).toEqual([])
    expect(run(other, 'nft', 'list', 'ruleset')).toBe(listed)
  })

  test('read back exactly as made, apart from sets', () => {
    create(table)
    const contents = read(table)
    expect(tableDifferences(table, contents)).toEqual([])
    expect(contents?.rules.map(({ expressions }) => expressions)).toEqual(
      table.chains?.flatMap(({ rules }) => rules?.map(({ expressions }) => expressions)),
    )
    expect(listSets(socket, id).map(({ name }) => name)).toEqual(['others'])
    expect(listMaps(socket, id)).toMatchObject([
      { name: 'choices', keyLength: 4, dataLength: 4 },
      { name: 'destinations', keyLength: 4, dataLength: 8, comment: 'where to' },
      { name: 'sources', keyLength: 4, dataLength: 4 },
    ])
  })

  test('an element is exchanged for another of the same key in one transaction, and only so', () => {
    create(table)
    const next = element(0x1b00_0002, '127.0.0.4', 4000)
    const clash = new NftTransaction('add').addMapElements(id, 'destinations', [next])
    expect(refusal(() => clash.commit(socket)).errnoName).toMatch(/^(EEXIST|EBUSY)$/)
    new NftTransaction('exchange')
      .deleteElements(id, 'destinations', [next.key])
      .addMapElements(id, 'destinations', [next, element(1, '127.0.0.5', 5)])
      .commit(socket)
    const byKey = (one: { key: Uint8Array }, other: { key: Uint8Array }) =>
      (one.key[0] ?? 0) - (other.key[0] ?? 0)
    expect(listMapElements(socket, id, 'destinations').sort(byKey)).toEqual([
      element(1, '127.0.0.5', 5),
      next,
    ])
    new NftTransaction('flush').flushSet(id, 'destinations').commit(socket)
    expect(listMapElements(socket, id, 'destinations')).toEqual([])
  })

  test.each([
    [
      'add element inet with_maps sources { 7 : 10.0.0.1 }',
      'map sources has the element 07000000 : 0a000001 too much',
    ],
    ['flush map inet with_maps sources', 'map sources lacks the element 0200001b : 7f000009'],
    ['add map inet with_maps x { type mark : mark; }', 'map x does not belong there'],
  ])('nft %s is noticed', (command, difference) => {
    create(table)
    run(a, 'nft', command)
    expect(tableDifferences(table, read(table))).toEqual([difference])
  })

  test('verdict maps of others are read, without their data', () => {
    run(a, 'nft', 'table inet with_maps { map v { type mark : verdict; elements = { 1 : drop }; }; }')
    expect(listMapElements(socket, id, 'v')).toEqual([{ key: hostNumber(1), data: new Uint8Array() }])
  })

  test('translate: the packet’s priority chooses where it goes and whom it seems to come from', () => {
    create({ ...table, chains: (table.chains ?? []).map(fromOutput) })
    run(a, 'nft', 'add chain inet with_maps c { type filter hook output priority -250; }')
    run(a, 'nft', 'add rule inet with_maps c ip daddr 127.0.0.2 meta priority set 1b00:2')
    expect(whatArrives(a)).toEqual(['translated', 'direct'])
    expect(run(a, 'conntrack', '-L', '-p', 'udp')).toMatch(
      /src=127\.0\.0\.1 dst=127\.0\.0\.2 .*src=127\.0\.0\.3 dst=127\.0\.0\.9 .*mark=452984834/,
    )
  })
})

/** The same chain for packets of this host's own. */
function fromOutput(chain: ChainSpec): ChainSpec {
  if (chain.base === undefined) return chain
  return { ...chain, base: { ...chain.base, hook: chain.base.hook === 'input' ? 'postrouting' : 'output' } }
}

describe('rules', () => {
  test('count what they see, and can be deleted one by one', () => {
    const id = { family: 'inet', name: 'counting' } as const
    const loopback: Expression[] = [
      { kind: 'meta', key: 'iif', register: 4 },
      { kind: 'cmp', operator: 'eq', register: 4, value: hostNumber(1) },
      { kind: 'meta', key: 'l4proto', register: 15 },
      { kind: 'cmp', operator: 'neq', register: 15, value: Uint8Array.of(TCP) },
      { kind: 'counter', packets: 5n, bytes: 7n },
    ]
    create({
      ...id,
      chains: [
        {
          name: 'in',
          base: { type: 'filter', hook: 'input', priority: 0, policy: 'drop' },
          rules: [
            { expressions: loopback, comment: 'first' },
            { expressions: [{ kind: 'verdict', verdict: 'jump', chain: 'side' }] },
          ],
        },
        { name: 'side', rules: [{ expressions: [{ kind: 'verdict', verdict: 'accept' }] }] },
      ],
    })
    run(a, 'bash', '-c', 'echo hello > /dev/udp/127.0.0.1/9')
    const rule = onlyRule(readTable(socket, id), 'first')
    // A UDP packet of 34 bytes and the ICMP error of 62 that quotes it, on top of what it started from.
    expect(ruleCounter(rule)).toMatchObject({ packets: 7n, bytes: 103n })
    expect(rule.expressions.slice(0, 4)).toEqual(loopback.slice(0, 4))
    expect(run(a, 'nft', 'list', 'table', 'inet', 'counting')).toContain(
      'iif "lo" meta l4proto != tcp counter packets 7 bytes 103 comment "first"',
    )
    new NftTransaction('delete').deleteRule(id, 'in', rule.handle).commit(socket)
    expect(readTable(socket, id)?.rules.map(({ chain }) => chain)).toEqual(['in', 'side'])
    const again = new NftTransaction('delete').deleteRule(id, 'in', rule.handle)
    expect(refusal(() => again.commit(socket)).errnoName).toBe('ENOENT')
  })

  test('rules made by others are read, expressions not known here by their name', () => {
    run(
      a,
      'nft',
      `table inet theirs {
        chain c {
          type filter hook forward priority filter; policy accept;
          limit rate 3/second ct mark 7 ct state established meta mark set 0x1 ip saddr 10.0.0.0/8 log
        }
      }`,
    )
    const [rule] = readTable(socket, { family: 'inet', name: 'theirs' })?.rules ?? []
    const kinds = rule?.expressions.map((each) => (each.kind === 'other' ? `other ${each.name}` : each.kind))
    expect(kinds).toEqual([
      'other limit',
      ...['ct', 'cmp', 'ct', 'bitwise', 'cmp'],
      ...['immediate', 'meta set', 'meta', 'cmp', 'payload', 'cmp', 'other log'],
    ])
  })

  test('the guard drops what goes to a frontend untranslated, and nothing else', () => {
    const b = namespaces.create('b')
    const here = namespaces.open(a, 'route')
    const there = namespaces.open(b, 'route')
    createVeth(here, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
    for (const [side, name, address] of [
      [here, 'v0', '192.0.2.1'],
      [there, 'v1', '192.0.2.2'],
    ] as const) {
      const { ifindex } = getLink(side, name)
      addAddress(side, { ifindex, address: parseIp(address), prefixLength: 24 })
      setLink(side, ifindex, { up: true })
    }
    create(guardTable)
    const send = () =>
      run(b, 'bash', '-c', 'echo hello > /dev/udp/192.0.2.1/53; echo x > /dev/udp/192.0.2.1/54')
    send()
    const dropped = () => ruleCounter(onlyRule(read(guardTable), 'not translated'))?.packets
    expect(dropped()).toBe(0n)
    const { ifindex } = getLink(here, 'v0')
    new NftTransaction('attach').addElements(guardTable, 'interfaces', [hostNumber(ifindex)]).commit(socket)
    send()
    expect(dropped()).toBe(1n)
  })
})

function onlyRule(contents: TableContents | undefined, comment: string) {
  const rules = contents?.rules.filter((rule) => rule.comment === comment) ?? []
  const [rule] = rules
  if (rule === undefined || rules.length > 1) throw new Error(`expected one rule "${comment}"`)
  return rule
}

function refusal(fn: () => unknown): NetlinkError {
  try {
    fn()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('expected a NetlinkError')
}
