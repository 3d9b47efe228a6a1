import { beforeEach, expect } from 'vitest'
import { formatMac, parseMac } from '../../../src/loader/address/mac.ts'
import { NetlinkError } from '../../../src/loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import {
  createBridge,
  createDummy,
  createVeth,
  deleteLink,
  setLink,
} from '../../../src/loader/netlink/route/link-changes.ts'
import { findLink, getLink, listLinks } from '../../../src/loader/netlink/route/links.ts'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { describe, test } from '../support/kernel-test.ts'
import { runJson, testNamespaces } from '../support/namespaces.ts'

interface IpLink {
  ifindex: number
  ifname: string
  mtu: number
  address: string
  flags: string[]
  linkinfo?: { info_kind?: string }
  link_index?: number
  link?: string
  master?: string
  link_netnsid?: number
}

const namespaces = testNamespaces()
let a: NetworkNamespace
let b: NetworkNamespace
let inA: NetlinkSocket
let inB: NetlinkSocket

beforeEach(() => {
  a = namespaces.create('a')
  b = namespaces.create('b')
  inA = namespaces.open(a, 'route')
  inB = namespaces.open(b, 'route')
})

const ipLinks = (namespace: NetworkNamespace) => runJson(namespace, 'ip', '-j', '-d', 'link') as IpLink[]

describe('links', () => {
  test('a veth pair has each end in its own namespace, with the names and addresses asked for', () => {
    createVeth(
      inA,
      { name: 'lb0', mac: parseMac('02:00:00:00:00:01') },
      { name: 'eth0', mac: parseMac('02:00:00:00:00:02'), netnsFd: b.fd, mtu: 1400 },
    )
    const lb0 = getLink(inA, 'lb0')
    const eth0 = getLink(inB, 'eth0')
    expect(lb0).toMatchObject({ kind: 'veth', up: false, hardwareType: 1, peer: eth0.ifindex, mtu: 1500 })
    expect(eth0).toMatchObject({ kind: 'veth', up: false, peer: lb0.ifindex, mtu: 1400 })
    expect(formatMac(lb0.mac)).toBe('02:00:00:00:00:01')
    expect(formatMac(eth0.mac)).toBe('02:00:00:00:00:02')
    expect(lb0.peerNamespaceId).toBeTypeOf('number')
    expect(getLink(inA, lb0.ifindex)).toEqual(lb0)
    expect(ipLinks(b).find((link) => link.ifname === 'eth0')).toMatchObject({
      ifindex: eth0.ifindex,
      address: '02:00:00:00:00:02',
      mtu: 1400,
    })
  })

  test('the list agrees with ip -j link', () => {
    createVeth(inA, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
    createBridge(inA, { name: 'd0', mtu: 9000 })
    createBridge(inA, { name: 'br0' })
    setLink(inA, 'v0', { up: true, master: getLink(inA, 'br0').ifindex })
    setLink(inB, 'v1', { up: true })
    const links = listLinks(inA)
    const names = new Map(links.map((link) => [link.ifindex, link.name]))
    const seen = links.map((link) => ({
      ifindex: link.ifindex,
      name: link.name,
      mtu: link.mtu,
      mac: formatMac(link.mac),
      up: link.up,
      lowerUp: link.lowerUp,
      kind: link.kind,
      master: link.master === undefined ? undefined : names.get(link.master),
      peerNamespaceId: link.peerNamespaceId,
    }))
    const expected = ipLinks(a).map((link) => ({
      ifindex: link.ifindex,
      name: link.ifname,
      mtu: link.mtu,
      mac: link.address,
      up: link.flags.includes('UP'),
      lowerUp: link.flags.includes('LOWER_UP'),
      kind: link.linkinfo?.info_kind,
      master: link.master,
      peerNamespaceId: link.link_netnsid,
    }))
    expect(seen).toEqual(expected)
    expect(seen.find((link) => link.name === 'v0')).toMatchObject({ lowerUp: true, master: 'br0' })
  })

  test('up, down, mtu, name, mac and moving to another namespace', () => {
    createVeth(inA, { name: 'd0' }, { name: 'other' })
    setLink(inA, 'd0', { mtu: 1280, mac: parseMac('02:00:00:00:00:09') })
    expect(getLink(inA, 'd0')).toMatchObject({ mtu: 1280, up: false })
    expect(formatMac(getLink(inA, 'd0').mac)).toBe('02:00:00:00:00:09')
    setLink(inA, 'd0', { up: true })
    expect(getLink(inA, 'd0').up).toBe(true)
    setLink(inA, 'd0', { up: false })
    expect(getLink(inA, 'd0').up).toBe(false)
    setLink(inA, 'd0', { name: 'd1' })
    expect(findLink(inA, 'd0')).toBeUndefined()
    setLink(inA, 'd1', { netnsFd: b.fd })
    expect(findLink(inA, 'd1')).toBeUndefined()
    expect(findLink(inB, 'd1')).toMatchObject({ mtu: 1280, kind: 'veth' })
    deleteLink(inB, 'd1')
    expect(findLink(inB, 'd1')).toBeUndefined()
  })

  test('a dummy interface, or word that this kernel has none (CONFIG_DUMMY)', () => {
    try {
      createDummy(inA, { name: 'd0', mtu: 1280 })
    } catch (error) {
      expect(error).toMatchObject({
        errnoName: 'EOPNOTSUPP',
        message: expect.stringContaining('create dummy d0'),
      })
      expect(findLink(inA, 'd0')).toBeUndefined()
      return
    }
    expect(getLink(inA, 'd0')).toMatchObject({ kind: 'dummy', mtu: 1280 })
  })

  test('deleting one end of a veth pair deletes the other', () => {
    createVeth(inA, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
    deleteLink(inB, 'v1')
    expect(findLink(inA, 'v0')).toBeUndefined()
  })

  test('an alternative name longer than 15 bytes finds the link', () => {
    createBridge(inA, { name: 'd0' })
    const alternative = 'a-rather-long-alternative-name'
    runJson(a, 'ip', 'link', 'property', 'add', 'dev', 'd0', 'altname', alternative)
    expect(getLink(inA, alternative).name).toBe('d0')
  })

  test('a long list arrives whole', () => {
    for (let i = 0; i < 60; i++) createBridge(inA, { name: `d${i}` })
    const names = listLinks(inA).map((link) => link.name)
    expect(names).toHaveLength(61)
    expect(new Set(names).size).toBe(61)
  })
})

describe('refusals', () => {
  test('say what was attempted, the error name and the kernel’s words', () => {
    createBridge(inA, { name: 'd0' })
    const error = caught(() => createBridge(inA, { name: 'd0' }))
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({ errnoName: 'EEXIST', attempted: 'create bridge d0', code: 'NETLINK' })
    expect(error.message).toMatch(/^create bridge d0: EEXIST: /)
  })

  test('name the attribute at fault', () => {
    createBridge(inA, { name: 'd0' })
    const error = caught(() => setLink(inA, 'd0', { mtu: 70_000_000 }))
    expect(error.errnoName).toBe('EINVAL')
    expect(error.extendedAck.message).toMatch(/mtu greater than device maximum/)
    const name = caught(() => createBridge(inA, { name: 'a-name-that-is-too-long' }))
    expect(name.errnoName).toBe('ERANGE')
    expect(name.extendedAck).toMatchObject({ attributeOffset: 32, attributeType: 3 })
    expect(name.details).toContain('byte 32 of the request (type 3)')
  })

  test('an unknown interface is ENODEV with a hint', () => {
    const error = caught(() => getLink(inA, 'nope'))
    expect(error).toMatchObject({ errnoName: 'ENODEV', hint: expect.stringContaining('ip link') })
    expect(findLink(inA, 123_456)).toBeUndefined()
  })

  test('a request that cannot be encoded is refused before it is sent', () => {
    expect(() => getLink(inA, -1)).toThrow(RangeError)
    expect(() => createBridge(inA, { name: 'a\0b' })).toThrow(RangeError)
  })
})

function caught(fn: () => unknown): NetlinkError {
  try {
    fn()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('expected a NetlinkError')
}
