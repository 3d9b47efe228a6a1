import { beforeEach, expect } from 'vitest'
import { NetlinkError } from '../../../../src/loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../../src/loader/netlink/core/socket.ts'
import type { TableSpec } from '../../../../src/loader/netlink/nftables/specs.ts'
import {
  type RuleState,
  readTable,
  type TableContents,
} from '../../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import type { NetworkNamespace } from '../../../../src/loader/netns/namespace.ts'
import { run, testNamespaces } from '../../support/namespaces.ts'

/** Protocol numbers (include/uapi/linux/in.h). */
export const TCP = 6
export const UDP = 17

/** A namespace `a` for each test of a file, with a netfilter socket in it. */
export function useNftLab(): NftLab {
  const lab = new NftLab()
  beforeEach(() => lab.open())
  return lab
}

/** See {@link useNftLab}. */
class NftLab {
  readonly namespaces = testNamespaces()
  #a: NetworkNamespace | undefined
  #socket: NetlinkSocket | undefined

  get a(): NetworkNamespace {
    return this.#a ?? expect.fail('only in a test')
  }

  get socket(): NetlinkSocket {
    return this.#socket ?? expect.fail('only in a test')
  }

  open(): void {
    this.#a = this.namespaces.create('a')
    this.#socket = this.namespaces.open(this.#a, 'netfilter')
  }

  create(table: TableSpec): void {
    new NftTransaction('test').createTable(table).commit(this.socket)
  }

  read(table: TableSpec): TableContents | undefined {
    return readTable(this.socket, table)
  }
}

/** Sends to 127.0.0.2:2000 and then to 127.0.0.3:3000, and tells what 127.0.0.3:3000 received. */
export function whatArrives(namespace: NetworkNamespace): string[] {
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

/** The one rule with a comment. */
export function onlyRule(contents: TableContents | undefined, comment: string): RuleState {
  const rules = contents?.rules.filter((rule) => rule.comment === comment) ?? []
  const [rule] = rules
  if (rule === undefined || rules.length > 1) throw new Error(`expected one rule "${comment}"`)
  return rule
}

/** What the kernel says to what it refuses. */
export function refusal(fn: () => unknown): NetlinkError {
  try {
    fn()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('expected a NetlinkError')
}
