import { expect } from 'vitest'
import { destinationKey, hostNumber } from '../../../../src/loader/netlink/nftables/matches.ts'
import { listElements } from '../../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import { describe, test } from '../../support/kernel-test.ts'
import { run } from '../../support/namespaces.ts'
import { refusal, TCP, useNftLab } from './lab.ts'

const lab = useNftLab()

describe('sets', () => {
  const id = { family: 'inet', name: 'with_sets' } as const
  const texts = (set: string) =>
    listElements(lab.socket, id, set)
      .map((key) => key.join('.'))
      .sort()

  test('elements are added, deleted and flushed', () => {
    lab.create({ ...id, sets: [{ name: 'ports', key: ['inet_service'], maxElements: 3 }] })
    const port = (value: number) => Uint8Array.of(value >> 8, value & 0xff)
    new NftTransaction('add').addElements(id, 'ports', [port(80), port(443), port(80)]).commit(lab.socket)
    new NftTransaction('add again').addElements(id, 'ports', [port(80)]).commit(lab.socket)
    expect(texts('ports')).toEqual(['0.80', '1.187'])
    expect(run(lab.a, 'nft', 'list', 'set', 'inet', 'with_sets', 'ports')).toMatch(
      /elements = \{ (80, 443|443, 80) \}/,
    )
    const full = new NftTransaction('fill').addElements(id, 'ports', [port(1), port(2)])
    expect(refusal(() => full.commit(lab.socket)).errnoName).toBe('ENFILE')
    new NftTransaction('delete').deleteElements(id, 'ports', [port(80)]).commit(lab.socket)
    expect(texts('ports')).toEqual(['1.187'])
    const missing = new NftTransaction('delete').deleteElements(id, 'ports', [port(443), port(80)])
    expect(refusal(() => missing.commit(lab.socket)).errnoName).toBe('ENOENT')
    expect(texts('ports')).toEqual(['1.187'])
    new NftTransaction('flush').flushSet(id, 'ports').commit(lab.socket)
    expect(texts('ports')).toEqual([])
  })

  test('a large set is written and read whole', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) =>
      destinationKey(Uint8Array.of(10, 1, i >> 8, i & 255), TCP, i),
    )
    const key = ['ipv4_addr', 'inet_proto', 'inet_service'] as const
    lab.create({ ...id, sets: [{ name: 'many', key, elements: keys }] })
    expect(texts('many')).toEqual(keys.map((each) => each.join('.')).sort())
  })

  test('a great many errors still name the first change at fault', () => {
    lab.create({ ...id, sets: [{ name: 'marks', key: ['mark'], elements: [hostNumber(1)] }] })
    const transaction = new NftTransaction('storm').deleteElements(id, 'marks', [hostNumber(1)])
    for (let i = 2; i < 5_000; i++) transaction.deleteElements(id, 'marks', [hostNumber(i)])
    expect(refusal(() => transaction.commit(lab.socket)).errnoName).toBe('ENOENT')
    expect(texts('marks')).toEqual(['1.0.0.0'])
  })

  test('a key that cannot be one is refused here', () => {
    const transaction = new NftTransaction('x')
    expect(() => transaction.addElements(id, 'x', [new Uint8Array(65)])).toThrow(/at most 64 bytes/)
  })
})
