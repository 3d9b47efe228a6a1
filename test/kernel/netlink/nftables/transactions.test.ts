import { expect } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import { netfilterGroups } from '../../../../src/loader/netlink/core/netfilter-message.ts'
import { tableDifferences } from '../../../../src/loader/netlink/nftables/differences.ts'
import { destinationKey } from '../../../../src/loader/netlink/nftables/matches.ts'
import { listTables } from '../../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import { describe, test } from '../../support/kernel-test.ts'
import { run } from '../../support/namespaces.ts'
import { guardTable } from './guard-table.ts'
import { refusal, TCP, useNftLab } from './lab.ts'

const lab = useNftLab()

describe('transactions', () => {
  test('a refused change undoes the whole', () => {
    const wrong = destinationKey(parseIp('192.0.2.9'), TCP, 80)
    const transaction = new NftTransaction('set up').createTable(guardTable)
    transaction.addElements(guardTable, 'interfaces', [wrong])
    const error = refusal(() => transaction.commit(lab.socket))
    expect(error).toMatchObject({
      errnoName: 'EINVAL',
      attempted: 'set up: add elements of set interfaces in inet tsbpf_lb',
    })
    expect(listTables(lab.socket)).toEqual([])
    expect(run(lab.a, 'nft', 'list', 'ruleset')).toBe('')
  })

  test('creating what is there is EEXIST; deleting what is not is ENOENT', () => {
    lab.create(guardTable)
    expect(refusal(() => lab.create(guardTable))).toMatchObject({
      errnoName: 'EEXIST',
      attempted: 'test: create table inet tsbpf_lb',
    })
    new NftTransaction('tear down').deleteTable(guardTable).commit(lab.socket)
    expect(lab.read(guardTable)).toBeUndefined()
    const gone = refusal(() => new NftTransaction('tear down').deleteTable(guardTable).commit(lab.socket))
    expect(gone).toMatchObject({ errnoName: 'ENOENT', attempted: 'tear down: delete table inet tsbpf_lb' })
  })

  test('replacing works with and without a table to replace, and touches no other', () => {
    run(lab.a, 'nft', 'add table ip tsbpf_lb; add chain ip tsbpf_lb mine')
    for (let i = 0; i < 2; i++) {
      new NftTransaction('replace').replaceTable(guardTable).commit(lab.socket)
      expect(tableDifferences(guardTable, lab.read(guardTable))).toEqual([])
    }
    expect(listTables(lab.socket).map(({ family }) => family)).toEqual(['ip', 'inet'])
    expect(listTables(lab.socket, 'ip')).toHaveLength(1)
    expect(run(lab.a, 'nft', 'list', 'table', 'ip', 'tsbpf_lb')).toContain('chain mine')
  })

  test('an empty one does nothing', () => {
    new NftTransaction('nothing').commit(lab.socket)
    expect(listTables(lab.socket)).toEqual([])
  })

  test('what nf_tables is watched for arrives as notifications', () => {
    const watcher = lab.namespaces.open(lab.a, 'netfilter')
    watcher.subscribe(netfilterGroups.nftables)
    expect(watcher.notifications()).toEqual({ messages: [], lost: false })
    run(lab.a, 'nft', 'add table inet somebody')
    const { messages, lost } = watcher.notifications()
    expect(lost).toBe(false)
    expect(messages.length).toBeGreaterThan(0)
    expect(watcher.notifications().messages).toEqual([])
  })

  test('notifications that did not fit are reported as lost, and the lab.socket goes on', () => {
    const watcher = lab.namespaces.open(lab.a, 'netfilter')
    watcher.growReceiveBuffer(2048)
    watcher.subscribe(netfilterGroups.nftables)
    for (let i = 0; i < 40; i++) run(lab.a, 'nft', `add table inet t${i}`)
    expect(watcher.notifications().lost).toBe(true)
    run(lab.a, 'nft', 'add table inet last')
    expect(watcher.notifications()).toMatchObject({ lost: false })
  })
})
