import { spawnSync } from 'node:child_process'
import { closeSync } from 'node:fs'
import { afterEach, beforeEach, expect } from 'vitest'
import { PointerScope, syscall } from '../../../src/loader/ffi.ts'
import { NetlinkError } from '../../../src/loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { createVeth, setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { getLink } from '../../../src/loader/netlink/route/links.ts'
import {
  addBpfFilter,
  addClsact,
  deleteBpfFilter,
  deleteClsact,
  listBpfFilters,
  listQdiscs,
  replaceBpfFilter,
} from '../../../src/loader/netlink/route/traffic-control.ts'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { syscallNumber } from '../../../src/loader/syscall-numbers.ts'
import { describe, test, testUnless } from '../support/kernel-test.ts'
import { run, runJson, testNamespaces } from '../support/namespaces.ts'

const namespaces = testNamespaces()
const programs: number[] = []
let a: NetworkNamespace
let b: NetworkNamespace
let socket: NetlinkSocket
let ifindex: number

beforeEach(() => {
  a = namespaces.create('a')
  b = namespaces.create('b')
  socket = namespaces.open(a, 'route')
  createVeth(socket, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
  ifindex = getLink(socket, 'v0').ifindex
})

afterEach(() => {
  for (const fd of programs.splice(0)) closeSync(fd)
})

/** Loads `r0 = verdict; exit` as sched_cls: BPF_PROG_LOAD (5) of include/uapi/linux/bpf.h. */
function loadProgram(verdict: number): number {
  const instructions = Uint8Array.of(0xb7, 0, 0, 0, verdict, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)
  const license = new TextEncoder().encode('GPL\0')
  const pointers = new PointerScope()
  const attr = new Uint8Array(128)
  const view = new DataView(attr.buffer)
  view.setUint32(0, 3, true)
  view.setUint32(4, 2, true)
  view.setBigUint64(8, pointers.address(instructions), true)
  view.setBigUint64(16, pointers.address(license), true)
  const fd = syscall('bpf(BPF_PROG_LOAD)', syscallNumber('bpf'), 5, attr, attr.byteLength)
  pointers.release()
  programs.push(fd)
  return fd
}

const TC_ACT_OK = 0
const TC_ACT_SHOT = 2

describe('clsact', () => {
  test('is added, listed as tc does, and deleted', () => {
    expect(listQdiscs(socket, ifindex).map(({ kind }) => kind)).not.toContain('clsact')
    addClsact(socket, ifindex)
    expect(listQdiscs(socket, ifindex)).toContainEqual({
      ifindex,
      kind: 'clsact',
      handle: 0xffff_0000,
      parent: 0xffff_fff1,
    })
    const shown = runJson(a, 'tc', '-j', 'qdisc', 'show') as { kind: string; dev: string }[]
    expect(shown.map(({ kind }) => kind).sort()).toEqual(
      listQdiscs(socket)
        .map(({ kind }) => kind)
        .sort(),
    )
    expect(refusal(() => addClsact(socket, ifindex))).toMatchObject({
      errnoName: 'EEXIST',
      attempted: `add qdisc clsact to link ${ifindex}`,
    })
    deleteClsact(socket, ifindex)
    expect(listQdiscs(socket, ifindex).map(({ kind }) => kind)).not.toContain('clsact')
    expect(['ENOENT', 'EINVAL']).toContain(refusal(() => deleteClsact(socket, ifindex)).errnoName)
  })
})

describe('bpf filters', () => {
  const filter = (programFd: number, handle = 1, priority = 100) =>
    ({ ifindex, direction: 'ingress', priority, handle, programFd, name: 'tsbpf_lb' }) as const

  test('are listed as tc does: name, handle, priority, program id and tag', () => {
    addClsact(socket, ifindex)
    addBpfFilter(socket, filter(loadProgram(TC_ACT_OK), 7, 100))
    addBpfFilter(socket, { ...filter(loadProgram(TC_ACT_SHOT), 0xffff_ffff, 50), name: 'first' })
    addBpfFilter(socket, { ...filter(loadProgram(TC_ACT_OK)), direction: 'egress', name: 'out' })
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    const seen = listBpfFilters(socket, ifindex, 'ingress').map((each) => ({
      pref: each.priority,
      handle: each.handle,
      name: each.name,
      directAction: each.directAction,
      id: each.programId,
      tag: hex(each.tag),
    }))
    const shown = runJson(a, 'tc', '-j', 'filter', 'show', 'dev', 'v0', 'ingress') as TcFilter[]
    const expected = shown.flatMap(({ pref, options }) =>
      options === undefined
        ? []
        : [
            {
              pref,
              handle: Number(options.handle) >>> 0,
              name: options.bpf_name,
              directAction: options['direct-action'],
              id: options.prog.id,
              tag: options.prog.tag,
            },
          ],
    )
    expect(seen).toEqual(expected)
    expect(seen.map(({ name }) => name)).toEqual(['first', 'tsbpf_lb'])
    expect(listBpfFilters(socket, ifindex, 'egress')).toMatchObject([{ name: 'out', direction: 'egress' }])
  })

  test('run: a program that drops drops', () => {
    addClsact(socket, ifindex)
    setLink(socket, ifindex, { up: true })
    setLink(namespaces.open(b, 'route'), 'v1', { up: true })
    run(a, 'ip', 'address', 'add', '10.0.0.1/24', 'dev', 'v0')
    run(b, 'ip', 'address', 'add', '10.0.0.2/24', 'dev', 'v1')
    run(b, 'ip', 'neighbour', 'replace', '10.0.0.1', 'lladdr', addressOf(a, 'v0'), 'dev', 'v1')
    const send = () => run(b, 'bash', '-c', 'echo hello > /dev/udp/10.0.0.1/9')
    const received = () => Number(/^Udp: .*\n?Udp: \d+ (\d+)/m.exec(run(a, 'cat', '/proc/net/snmp'))?.[1])
    send()
    const before = received()
    expect(before).toBeGreaterThan(0)
    addBpfFilter(socket, filter(loadProgram(TC_ACT_SHOT)))
    send()
    expect(received()).toBe(before)
    replaceBpfFilter(socket, filter(loadProgram(TC_ACT_OK)))
    send()
    expect(received()).toBe(before + 1)
  })

  test('replacing changes the program and nothing else', () => {
    addClsact(socket, ifindex)
    addBpfFilter(socket, filter(loadProgram(TC_ACT_OK)))
    const [first] = listBpfFilters(socket, ifindex, 'ingress')
    expect(refusal(() => addBpfFilter(socket, filter(loadProgram(TC_ACT_SHOT)))).errnoName).toBe('EEXIST')
    replaceBpfFilter(socket, filter(loadProgram(TC_ACT_SHOT)))
    const [second, ...rest] = listBpfFilters(socket, ifindex, 'ingress')
    expect(rest).toEqual([])
    expect(second).toMatchObject({ priority: 100, handle: 1, name: 'tsbpf_lb' })
    expect(second?.programId).not.toBe(first?.programId)
    expect(second?.tag).not.toEqual(first?.tag)
  })

  test('replacing works without one to replace', () => {
    addClsact(socket, ifindex)
    replaceBpfFilter(socket, filter(loadProgram(TC_ACT_OK)))
    expect(listBpfFilters(socket, ifindex, 'ingress')).toHaveLength(1)
  })

  test('one is deleted, the others stay', () => {
    addClsact(socket, ifindex)
    const fd = loadProgram(TC_ACT_OK)
    addBpfFilter(socket, filter(fd, 1))
    addBpfFilter(socket, filter(fd, 2))
    addBpfFilter(socket, filter(fd, 1, 200))
    deleteBpfFilter(socket, filter(fd, 1))
    const left = listBpfFilters(socket, ifindex, 'ingress').map((each) => [each.priority, each.handle])
    expect(left).toEqual([
      [100, 2],
      [200, 1],
    ])
    const error = refusal(() => deleteBpfFilter(socket, filter(fd, 1)))
    expect(error).toMatchObject({
      errnoName: 'ENOENT',
      attempted: `delete bpf filter on ingress of link ${ifindex} (priority 100, handle 1)`,
    })
  })

  testUnless(noOtherKind, 'filters of other kinds are left out', () => {
    addClsact(socket, ifindex)
    addBpfFilter(socket, filter(loadProgram(TC_ACT_OK)))
    run(a, 'sh', '-c', addWithTc('v0', otherKind() ?? ''))
    expect(listBpfFilters(socket, ifindex, 'ingress').map(({ name }) => name)).toEqual(['tsbpf_lb'])
  })

  test('without a clsact qdisc, and with impossible numbers', () => {
    const fd = loadProgram(TC_ACT_OK)
    expect(refusal(() => addBpfFilter(socket, filter(fd))).errnoName).toBe('EINVAL')
    addClsact(socket, ifindex)
    expect(() => addBpfFilter(socket, filter(fd, 0))).toThrow(RangeError)
    expect(() => addBpfFilter(socket, filter(fd, 1, 65_536))).toThrow(RangeError)
    expect(refusal(() => addBpfFilter(socket, filter(1_000_000))).errnoName).toBe('EBADF')
  })
})

interface TcFilter {
  pref: number
  options?: {
    handle: string
    bpf_name: string
    'direct-action': boolean
    prog: { id: number; tag: string }
  }
}

function addWithTc(device: string, kind: string): string {
  return `tc filter add dev ${device} ingress pref 5 protocol ip ${kind}`
}

/** A filter that this kernel has besides BPF's, tried in a network namespace that ends with the command. */
function otherKind(): string | undefined {
  return ['matchall', 'u32 match u32 0 0', 'flower', 'basic'].find((kind) => {
    const script = `tc qdisc add dev lo clsact && ${addWithTc('lo', kind)}`
    return spawnSync('unshare', ['--net', 'sh', '-c', script]).status === 0
  })
}

function noOtherKind(): string | undefined {
  return otherKind() === undefined ? 'has no other kind of filter' : undefined
}

function addressOf(namespace: NetworkNamespace, link: string): string {
  const [shown] = runJson(namespace, 'ip', '-j', 'link', 'show', link) as { address: string }[]
  return shown?.address ?? ''
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
