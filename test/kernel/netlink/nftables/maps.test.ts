import { expect } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import {
  clearPriority,
  connectionMarkByPriority,
  destinationByMark,
  destinationData,
  sourceByMark,
} from '../../../../src/loader/netlink/nftables/actions.ts'
import { nftPriorities } from '../../../../src/loader/netlink/nftables/constants.ts'
import { tableDifferences } from '../../../../src/loader/netlink/nftables/differences.ts'
import { connectionIsNew, hostNumber, priorityIs } from '../../../../src/loader/netlink/nftables/matches.ts'
import type { ChainSpec, TableSpec } from '../../../../src/loader/netlink/nftables/specs.ts'
import {
  listMapElements,
  listMaps,
  listSets,
  readTable,
} from '../../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import { describe, test } from '../../support/kernel-test.ts'
import { run } from '../../support/namespaces.ts'
import { refusal, UDP, useNftLab, whatArrives } from './lab.ts'

const lab = useNftLab()

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
    lab.create(table)
    const listed = run(lab.a, 'nft', 'list', 'ruleset')
    expect(listed).toBe(text)
    const other = lab.namespaces.create('b')
    run(other, 'nft', listed)
    expect(tableDifferences(table, readTable(lab.namespaces.open(other, 'netfilter'), table))).toEqual([])
    expect(run(other, 'nft', 'list', 'ruleset')).toBe(listed)
  })

  test('read back exactly as made, apart from sets', () => {
    lab.create(table)
    const contents = lab.read(table)
    expect(tableDifferences(table, contents)).toEqual([])
    expect(contents?.rules.map(({ expressions }) => expressions)).toEqual(
      table.chains?.flatMap(({ rules }) => rules?.map(({ expressions }) => expressions)),
    )
    expect(listSets(lab.socket, id).map(({ name }) => name)).toEqual(['others'])
    expect(listMaps(lab.socket, id)).toMatchObject([
      { name: 'choices', keyLength: 4, dataLength: 4 },
      { name: 'destinations', keyLength: 4, dataLength: 8, comment: 'where to' },
      { name: 'sources', keyLength: 4, dataLength: 4 },
    ])
  })

  test('an element is exchanged for another of the same key in one transaction, and only so', () => {
    lab.create(table)
    const next = element(0x1b00_0002, '127.0.0.4', 4000)
    const clash = new NftTransaction('add').addMapElements(id, 'destinations', [next])
    expect(refusal(() => clash.commit(lab.socket)).errnoName).toMatch(/^(EEXIST|EBUSY)$/)
    new NftTransaction('exchange')
      .deleteElements(id, 'destinations', [next.key])
      .addMapElements(id, 'destinations', [next, element(1, '127.0.0.5', 5)])
      .commit(lab.socket)
    const byKey = (one: { key: Uint8Array }, other: { key: Uint8Array }) =>
      (one.key[0] ?? 0) - (other.key[0] ?? 0)
    expect(listMapElements(lab.socket, id, 'destinations').sort(byKey)).toEqual([
      element(1, '127.0.0.5', 5),
      next,
    ])
    new NftTransaction('flush').flushSet(id, 'destinations').commit(lab.socket)
    expect(listMapElements(lab.socket, id, 'destinations')).toEqual([])
  })

  test.each([
    [
      'add element inet with_maps sources { 7 : 10.0.0.1 }',
      'map sources has the element 07000000 : 0a000001 too much',
    ],
    ['flush map inet with_maps sources', 'map sources lacks the element 0200001b : 7f000009'],
    ['add map inet with_maps x { type mark : mark; }', 'map x does not belong there'],
  ])('nft %s is noticed', (command, difference) => {
    lab.create(table)
    run(lab.a, 'nft', command)
    expect(tableDifferences(table, lab.read(table))).toEqual([difference])
  })

  test('verdict maps of others are read, without their data', () => {
    run(lab.a, 'nft', 'table inet with_maps { map v { type mark : verdict; elements = { 1 : drop }; }; }')
    expect(listMapElements(lab.socket, id, 'v')).toEqual([{ key: hostNumber(1), data: new Uint8Array() }])
  })

  test('translate: the packet’s priority chooses where it goes and whom it seems to come from', () => {
    lab.create({ ...table, chains: (table.chains ?? []).map(fromOutput) })
    run(lab.a, 'nft', 'add chain inet with_maps c { type filter hook output priority -250; }')
    run(lab.a, 'nft', 'add rule inet with_maps c ip daddr 127.0.0.2 meta priority set 1b00:2')
    expect(whatArrives(lab.a)).toEqual(['translated', 'direct'])
    expect(run(lab.a, 'conntrack', '-L', '-p', 'udp')).toMatch(
      /src=127\.0\.0\.1 dst=127\.0\.0\.2 .*src=127\.0\.0\.3 dst=127\.0\.0\.9 .*mark=452984834/,
    )
  })
})

/** The same chain for packets of this host's own. */
function fromOutput(chain: ChainSpec): ChainSpec {
  if (chain.base === undefined) return chain
  return { ...chain, base: { ...chain.base, hook: chain.base.hook === 'input' ? 'postrouting' : 'output' } }
}
