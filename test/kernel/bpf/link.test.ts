import { expect } from 'vitest'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../src/asm/layout/struct.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { BpfLink } from '../../../src/loader/program/link.ts'
import { attachTcx, hasTcx, queryTcx } from '../../../src/loader/program/link-tcx.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { BpfProgram } from '../../../src/loader/program/program.ts'
import { describe, testUnless } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'
import { failOnLeakedFds, privatePinDirectory } from './fixture.ts'
import { counting, hits, returning } from './sample-programs.ts'

const pins = privatePinDirectory()
const namespaces = testNamespaces()
failOnLeakedFds()

/** The loopback interface is the first of every namespace. */
const lo = 1
const ingress = { ifindex: lo, direction: 'ingress' } as const

function counter() {
  return BpfMap.create(hits, { key: codecOf(u32), value: codecOf(u64) })
}

function load(map: BpfMap<number, bigint>, name: string, step?: number): BpfProgram {
  return loadProgram(counting(name, step), { maps: new Map([['hits', map]]) })
}

const noTcx = (): string | undefined => (hasTcx() ? undefined : 'has no tcx')

describe('tcx', () => {
  testUnless(noTcx, 'runs a program on the packets of an interface until it is closed', () => {
    const namespace = namespaces.create('attach')
    const send = () => run(namespace, 'bash', '-c', 'echo > /dev/udp/127.0.0.1/9')
    using map = counter()
    using program = load(map, 'count')
    const link = inNamespace(namespace, () => attachTcx(program, ingress))
    try {
      expect(map.get(0)).toBe(0n)
      send()
      expect(map.get(0)).toBeGreaterThan(0n)
      expect(link.info()).toMatchObject({ type: 11, ifindex: lo, programId: program.id, attachType: 46 })
    } finally {
      link.close()
    }
    const before = map.get(0)
    send()
    expect(map.get(0)).toBe(before)
  })

  testUnless(noTcx, 'replaces the program in place', () => {
    const namespace = namespaces.create('update')
    const send = () => run(namespace, 'bash', '-c', 'echo > /dev/udp/127.0.0.1/9')
    using first = counter()
    using second = counter()
    using old = load(first, 'old')
    using fresh = load(second, 'fresh')
    inNamespace(namespace, () => {
      using link = attachTcx(old, ingress)
      const id = link.id
      link.update(fresh, old)
      send()
      expect(first.get(0)).toBe(0n)
      expect(second.get(0)).toBeGreaterThan(0n)
      expect(link.info()).toMatchObject({ id, programId: fresh.id })
      expect(queryTcx(lo, 'ingress').entries).toEqual([{ programId: fresh.id, linkId: id }])
      expect(() => link.update(old, old)).toThrow(expect.objectContaining({ errnoName: 'EPERM' }))
    })
  })

  testUnless(noTcx, 'stays attached by its pin and can be taken over from it', () => {
    const namespace = namespaces.create('pin')
    inNamespace(namespace, () => {
      const path = `${pins}/link`
      using program = loadProgram(returning('stay', -1), { maps: new Map() })
      const { id: programId } = program
      const link = attachTcx(program, ingress)
      link.pin(path)
      link.close()
      expect(queryTcx(lo, 'ingress').entries).toMatchObject([{ programId }])
      using again = BpfLink.openPinned(path, 'tcx')
      expect(again.info()).toMatchObject({ ifindex: lo, programId })
      again.detach()
      expect(queryTcx(lo, 'ingress').entries).toEqual([])
      expect(again.info().ifindex).toBe(0)
      expect(() => again.update(program)).toThrow(expect.objectContaining({ errnoName: 'ENOLINK' }))
      expect(() => BpfProgram.openPinned(path)).toThrow(expect.objectContaining({ code: 'PIN_KIND' }))
    })
  })

  testUnless(noTcx, 'orders programs by anchors', () => {
    const namespace = namespaces.create('order')
    inNamespace(namespace, () => {
      using a = loadProgram(returning('a', -1), { maps: new Map() })
      using b = loadProgram(returning('b', -1), { maps: new Map() })
      using c = loadProgram(returning('c', -1), { maps: new Map() })
      using d = loadProgram(returning('d', -1), { maps: new Map() })
      using linkA = attachTcx(a, ingress)
      using linkB = attachTcx(b, { ...ingress, before: { linkId: linkA.id } })
      using linkC = attachTcx(c, { ...ingress, after: { programId: b.id } })
      const { revision } = queryTcx(lo, 'ingress')
      using linkD = attachTcx(d, { ...ingress, before: 'all', expectedRevision: revision })
      const names = new Map([a, b, c, d].map((program) => [program.id, program.name]))
      const order = queryTcx(lo, 'ingress').entries
      expect(order.map(({ programId }) => names.get(programId))).toEqual(['d', 'b', 'c', 'a'])
      expect(order.map(({ linkId }) => linkId)).toEqual([linkD.id, linkB.id, linkC.id, linkA.id])
      expect(() => attachTcx(d, { ...ingress, expectedRevision: revision })).toThrow(
        expect.objectContaining({ errnoName: 'ESTALE' }),
      )
    })
  })

  testUnless(noTcx, 'says what is wrong', () => {
    const namespace = namespaces.create('errors')
    inNamespace(namespace, () => {
      using program = loadProgram(returning('twice', -1), { maps: new Map() })
      using other = loadProgram(returning('other', -1), { maps: new Map() })
      using _link = attachTcx(program, ingress)
      const attach = (more: object) => () => attachTcx(other, { ...ingress, ...more })
      const failing = (errnoName: string) => expect.objectContaining({ errnoName })
      expect(() => attachTcx(program, ingress)).toThrow(failing('EEXIST'))
      expect(attach({ ifindex: 4711 })).toThrow(failing('ENODEV'))
      expect(attach({ ifindex: 4711 })).toThrow(/attach program "other" to tcx ingress of interface 4711/)
      expect(attach({ before: { programId: other.id } })).toThrow(failing('ENOENT'))
      expect(attach({ before: 'all', after: 'all' })).toThrow(expect.objectContaining({ code: 'TCX_ANCHOR' }))
      expect(() => queryTcx(4711, 'egress')).toThrow(failing('ENODEV'))
    })
  })
})
