import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { Remote } from './remote.ts'

/** Where a peer connects to. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** Where a connection comes from, where that matters. */
export interface LocalEnd {
  readonly localAddress?: string
  readonly localPort?: number
}

/** An open connection to an echo server. */
export interface EchoConnection {
  readonly id: number
  /** Name of the host that answered. */
  readonly server: string
  /** The client as the server sees it: `address:port`. */
  readonly seen: string
  readonly localPort: number
}

/** An answer to an HTTP request: the body of `/` is `<server's name> <client as the server sees it>`. */
export interface HttpAnswer {
  readonly error?: string
  readonly status?: number
  readonly body?: string
}

/** What came of one connection of {@link Peer.transfer}. */
export interface Transfer {
  readonly error?: string
  readonly server?: string
  readonly bytes?: number
  /** Whether both ends have the same SHA-256 of the data. */
  readonly same?: boolean
}

/** An answer to a datagram. */
export interface UdpAnswer {
  readonly error?: string
  /** The name that a `named` listener puts in front. */
  readonly server?: string
  readonly from?: string
  readonly localPort?: number
  /** Whether the rest is what was sent. */
  readonly intact?: boolean
}

/** A process of its own inside a network namespace that opens sockets there: a client, a server, or both. */
export class Peer {
  readonly name: string
  readonly #remote: Remote

  constructor(namespace: NetworkNamespace, name: string) {
    this.name = name
    this.#remote = new Remote(namespace, './peer-process.js', name)
  }

  /** Serves HTTP: `/` says who answers whom, `/bytes/N` gives random bytes, `/digest` hashes. @returns a listener */
  async listenHttp(place: { readonly port: number; readonly address?: string }): Promise<number> {
    return await this.#remote.call('listenHttp', place)
  }

  /** Serves an echo of what it gets, after one line that says who answers whom. @returns a listener */
  async listenEcho(place: { readonly port: number; readonly address?: string }): Promise<number> {
    return await this.#remote.call('listenEcho', place)
  }

  /** Echoes datagrams, by default with this host's name in front. @returns a listener */
  async listenUdp(place: {
    readonly port: number
    readonly address?: string
    readonly named?: boolean
  }): Promise<number> {
    return await this.#remote.call('listenUdp', place)
  }

  /** Who has connected, or sent datagrams, to a listener: `address:port` each. */
  async accepted(listener: number): Promise<string[]> {
    return await this.#remote.call('accepted', { listener })
  }

  /** Closes a listener and the connections it has accepted. */
  async stop(listener: number): Promise<void> {
    await this.#remote.call('stop', { listener })
  }

  /** Connects to an echo server. @throws when that fails */
  async connect(target: Target & LocalEnd): Promise<EchoConnection> {
    const result = await this.tryConnect(target)
    if ('error' in result)
      throw new Error(`${this.name} cannot connect to ${target.host}:${target.port}: ${result.error}`)
    return result
  }

  /** As {@link connect}, but a failure is a result; `timeout` in milliseconds. */
  async tryConnect(
    target: Target & LocalEnd & { readonly timeout?: number },
  ): Promise<EchoConnection | { readonly error: string }> {
    return await this.#remote.call('connect', target)
  }

  /** Sends a line over an echo connection. @returns the line that came back, or what went wrong */
  async exchange({ id }: EchoConnection, text: string): Promise<string> {
    return await this.#remote.call('exchange', { id, text })
  }

  /** Closes an echo connection: with a FIN from us, with one from the server, or with a reset from us. */
  async close(connection: EchoConnection, how: 'fin' | 'server-fin' | 'reset' = 'fin'): Promise<void> {
    if (how === 'server-fin') await this.exchange(connection, 'hang up')
    await this.#remote.call('close', { id: connection.id, how })
  }

  /** Makes HTTP requests, each over a new connection. */
  async get(
    target: Target & {
      readonly path?: string
      readonly count?: number
      readonly atOnce?: number
      readonly localPort?: number
    },
  ): Promise<HttpAnswer[]> {
    return await this.#remote.call('get', { path: '/', ...target })
  }

  /** Opens connections to an HTTP server, all at once, then moves data over each: every other one up, the rest down. */
  async transfer(target: Target & { readonly count: number; readonly size: number }): Promise<Transfer[]> {
    return await this.#remote.call('transfer', target)
  }

  /** Sends datagrams, each from a port of its own, and waits for the answers. */
  async udp(
    target: Target & { readonly count?: number; readonly size?: number; readonly localPort?: number },
  ): Promise<UdpAnswer[]> {
    return await this.#remote.call('udp', target)
  }

  /** The namespace's protocol counters, such as `Tcp.PassiveOpens` (/proc/net/snmp). */
  async counters(): Promise<Record<string, number>> {
    return await this.#remote.call('counters', {})
  }

  /** Ends the process, and with it everything it has open. */
  async end(): Promise<void> {
    await this.#remote.end()
  }
}
