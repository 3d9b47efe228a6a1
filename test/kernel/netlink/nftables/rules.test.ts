import { expect } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import type { Expression } from '../../../../src/loader/netlink/nftables/expressions.ts'
import { hostNumber } from '../../../../src/loader/netlink/nftables/matches.ts'
import { readTable, ruleCounter } from '../../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import { addAddress } from '../../../../src/loader/netlink/route/addresses.ts'
import { createVeth, setLink } from '../../../../src/loader/netlink/route/link-changes.ts'
import { getLink } from '../../../../src/loader/netlink/route/links.ts'
import { describe, test } from '../../support/kernel-test.ts'
import { run } from '../../support/namespaces.ts'
import { until } from '../../support/until.ts'
import { guardTable } from './guard-table.ts'
import { onlyRule, refusal, TCP, useNftLab } from './lab.ts'

const lab = useNftLab()

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
    lab.create({
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
    run(lab.a, 'bash', '-c', 'echo hello > /dev/udp/127.0.0.1/9')
    const rule = onlyRule(readTable(lab.socket, id), 'first')
    // A UDP packet of 34 bytes and the ICMP error of 62 that quotes it, on top of what it started from.
    expect(ruleCounter(rule)).toMatchObject({ packets: 7n, bytes: 103n })
    expect(rule.expressions.slice(0, 4)).toEqual(loopback.slice(0, 4))
    expect(run(lab.a, 'nft', 'list', 'table', 'inet', 'counting')).toContain(
      'iif "lo" meta l4proto != tcp counter packets 7 bytes 103 comment "first"',
    )
    new NftTransaction('delete').deleteRule(id, 'in', rule.handle).commit(lab.socket)
    expect(readTable(lab.socket, id)?.rules.map(({ chain }) => chain)).toEqual(['in', 'side'])
    const again = new NftTransaction('delete').deleteRule(id, 'in', rule.handle)
    expect(refusal(() => again.commit(lab.socket)).errnoName).toBe('ENOENT')
  })

  test('rules made by others are read, expressions not known here by their name', () => {
    run(
      lab.a,
      'nft',
      `table inet theirs {
        chain c {
          type filter hook forward priority filter; policy accept;
          limit rate 3/second ct mark 7 ct state established meta mark set 0x1 ip saddr 10.0.0.0/8 log
        }
      }`,
    )
    const [rule] = readTable(lab.socket, { family: 'inet', name: 'theirs' })?.rules ?? []
    const kinds = rule?.expressions.map((each) => (each.kind === 'other' ? `other ${each.name}` : each.kind))
    expect(kinds).toEqual([
      'other limit',
      ...['ct', 'cmp', 'ct', 'bitwise', 'cmp'],
      ...['immediate', 'meta set', 'meta', 'cmp', 'payload', 'cmp', 'other log'],
    ])
  })

  test('the guard drops what goes to a frontend untranslated, and nothing else', async () => {
    const b = lab.namespaces.create('b')
    const here = lab.namespaces.open(lab.a, 'route')
    const there = lab.namespaces.open(b, 'route')
    createVeth(here, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
    for (const [side, name, address] of [
      [here, 'v0', '192.0.2.1'],
      [there, 'v1', '192.0.2.2'],
    ] as const) {
      const { ifindex } = getLink(side, name)
      addAddress(side, { ifindex, address: parseIp(address), prefixLength: 24 })
      setLink(side, ifindex, { up: true })
    }
    lab.create(guardTable)
    // The second datagram says when the first one has been through the guard.
    const arrivals = { family: 'inet', name: 'arrivals' } as const
    const seen = 'chain c { type filter hook prerouting priority 0; udp dport 54 counter comment "seen"; };'
    run(lab.a, 'nft', `table inet arrivals { ${seen} }`)
    const arrived = () => ruleCounter(onlyRule(readTable(lab.socket, arrivals), 'seen'))?.packets
    const send = async (count: bigint) => {
      run(b, 'bash', '-c', 'echo hello > /dev/udp/192.0.2.1/53; echo x > /dev/udp/192.0.2.1/54')
      await until(`${count} datagrams`, arrived, (packets) => packets === count)
    }
    await send(1n)
    const dropped = () => ruleCounter(onlyRule(lab.read(guardTable), 'not translated'))?.packets
    expect(dropped()).toBe(0n)
    const { ifindex } = getLink(here, 'v0')
    new NftTransaction('attach')
      .addElements(guardTable, 'interfaces', [hostNumber(ifindex)])
      .commit(lab.socket)
    await send(2n)
    expect(dropped()).toBe(1n)
  })
})
