import { expect } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import { tableDifferences } from '../../../../src/loader/netlink/nftables/differences.ts'
import {
  connectionStateNot,
  countAndDrop,
  destinationIn,
  destinationKey,
  hostNumber,
  inputInterfaceIn,
} from '../../../../src/loader/netlink/nftables/matches.ts'
import type { TableSpec } from '../../../../src/loader/netlink/nftables/specs.ts'
import { readTable } from '../../../../src/loader/netlink/nftables/state.ts'
import type { NetworkNamespace } from '../../../../src/loader/netns/namespace.ts'
import { describe, test } from '../../support/kernel-test.ts'
import { run, runJson } from '../../support/namespaces.ts'
import { guardTable } from './guard-table.ts'
import { TCP, useNftLab, whatArrives } from './lab.ts'

const lab = useNftLab()

describe('the load balancer’s table', () => {
  test('nft list shows what was meant', () => {
    lab.create(guardTable)
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
    expect(sorted(run(lab.a, 'nft', 'list', 'ruleset'))).toBe(sorted(expected))
  })

  test('is the same as the one nft makes of this text', () => {
    const other = lab.namespaces.create('b')
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
    expect(tableDifferences(table, readTable(lab.namespaces.open(other, 'netfilter'), table))).toEqual([])
    lab.create(table)
    const withoutHandles = (namespace: NetworkNamespace) =>
      JSON.stringify(runJson(namespace, 'nft', '-j', 'list', 'ruleset'), (key, value) =>
        key === 'handle' ? undefined : value,
      )
    expect(withoutHandles(lab.a)).toBe(withoutHandles(other))
  })

  test('registers the NAT and the conntrack hooks: entries made by hand are translated', () => {
    const entry =
      '-I -p udp -s 127.0.0.1 -d 127.0.0.2 --sport 1000 --dport 2000 --dst-nat 127.0.0.3:3000 -t 60'
    run(lab.a, 'conntrack', ...entry.split(' '))
    expect(whatArrives(lab.a)).toEqual(['direct'])
    lab.create(guardTable)
    expect(whatArrives(lab.a)).toEqual(['translated', 'direct'])
  })

  test('reads back exactly as made', () => {
    lab.create(guardTable)
    expect(tableDifferences(guardTable, lab.read(guardTable))).toEqual([])
    const rule = lab.read(guardTable)?.rules[0]
    expect(rule?.comment).toBe('not translated')
    expect(rule?.expressions).toEqual(guardTable.chains?.[1]?.rules?.[0]?.expressions)
  })
})

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
    lab.create(guardTable)
    run(lab.a, 'nft', command)
    expect(tableDifferences(guardTable, lab.read(guardTable))).toEqual(differences)
  })
})
