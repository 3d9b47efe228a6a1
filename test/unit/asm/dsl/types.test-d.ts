// What must not compile, and what must: checked by `npm run typecheck`, never run. A line that compiles although it
// should not makes its `@ts-expect-error` an error.

import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import { pointerTo, subprogram } from '../../../../src/asm/dsl/control/subprogram.ts'
import type { Int, Net } from '../../../../src/asm/dsl/core/values.ts'
import { type KernelRef, kernelType } from '../../../../src/asm/dsl/kernel/kernel-type.ts'
import {
  acquired,
  borrowed,
  consumed,
  contextParameter,
  kfunc,
  memory,
} from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { array as arrayMap, arrayOfMaps, hash } from '../../../../src/asm/dsl/map/definition.ts'
import { queue } from '../../../../src/asm/dsl/map/queue.ts'
import { socketStorage } from '../../../../src/asm/dsl/map/storage.ts'
import type { Ref, RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import type { SkbContext } from '../../../../src/asm/dsl/program/context.ts'
import { bits } from '../../../../src/asm/layout/bits.ts'
import { bytes, chars } from '../../../../src/asm/layout/bytes.ts'
import { SpinLock, Timer } from '../../../../src/asm/layout/kernel-owned.ts'
import { be16, be32, be64, s32, s64, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct, union, type ValueOf } from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'

const Inner = struct('inner', { x: u8, port: be16 })
const Value = struct('value', {
  small: u8,
  short: u16,
  count: u32,
  total: u64,
  change: s32,
  balance: s64,
  port: be16,
  address: be32,
  wide: be64,
  list: array(be32, 4),
  inner: Inner,
})
const Layouts = struct('layouts', {
  who: be128,
  mac: bytes(6),
  name: chars(16),
  first: bits(u8, { version: 4, length: 4 }),
  bits: bits(be16, { reserved: 1, dont: 1, more: 1, offset: 13 }),
  choice: union('choice', { v4: be32, v6: be128 }),
})
const Key = struct('key', { id: u32, port: be16, reserved: u16 })
const values = hash('values', Key, Value, { maxEntries: 1 })
const list = arrayMap('list', Value, { maxEntries: 1 })
const lists = arrayOfMaps('lists', list, { maxEntries: 1 })

const Thing = kernelType('thing', { mark: u32, port: be16 })
const Other = kernelType('other', { mark: u32 })
const getThing = kfunc('get_thing', [contextParameter('__sk_buff'), u32], acquired(Thing), '6.1')
const pokeThing = kfunc('poke_thing', [borrowed(Thing), memory(Inner)], s32, '6.1')
const putThing = kfunc('put_thing', [consumed(Thing)], 'void', '6.1')

declare const b: ProgramBuilder
declare const skb: SkbContext
declare const constants: RefOf<typeof Value, 'constant'>
declare const thing: KernelRef<typeof Thing>
declare const other: KernelRef<typeof Other>
declare const sock: KernelRef

export function spaces(): void {
  const onStack = b.stack(Value)
  const anywhere: Ref<{ readonly count: typeof u32 }> = b.stack(struct('one', { count: u32 }))
  const packet = b.packet(skb).header(Value, { at: 0, otherwise: 0 })
  b.atomicAdd(onStack, { count: 1 })
  b.atomicAdd(anywhere, { count: 1 })
  // @ts-expect-error atomic operations on a packet
  b.atomicAdd(packet, { count: 1 })
  // @ts-expect-error atomic operations on a packet
  b.fetchAdd(packet, 'count', 1)
  // @ts-expect-error stack memory is no packet
  const wrongSpace: RefOf<typeof Value, 'packet'> = onStack
  b.assign(packet, { count: 1 })
  // @ts-expect-error constant data is not written
  b.assign(constants, { count: 1 })
  // @ts-expect-error constant data is not written
  b.zero(constants)
  // @ts-expect-error constant data is not copied to
  b.copy(constants, onStack)
  // @ts-expect-error constant data is no counter
  b.atomicAdd(constants, { count: 1 })
  // @ts-expect-error constant data is not what takes any memory that can be written
  const writable: RefOf<typeof Value> = constants
  b.copy(onStack, constants)
  b.copy(wrongSpace, writable)
  b.return(constants.count)
}

export function elements(): void {
  const v = b.stack(Value)
  const element: Net<'be32'> = v.list.at(b.random(), { otherwise: 0 })
  v.list.at(b.random().and(3))
  v.list.at(b.random(), { wrap: true })
  b.assign(v.list, 1, element)
  b.assign(v.list, b.random(), 0x0a000001, { otherwise: 1 })
  // @ts-expect-error a signed index
  v.list.at(v.change, { otherwise: 0 })
  // @ts-expect-error an index in network order
  v.list.at(v.port, { otherwise: 0 })
  // @ts-expect-error an element of another type
  b.assign(v.list, 1, v.port)
  // @ts-expect-error atomic operations in network order
  b.atomicAdd(v.list, 1, 1)
}

export function layouts(): void {
  const v = b.stack(Layouts, { who: 1n, mac: new Uint8Array(6), name: 'eth0', bits: { more: 1 } })
  const offset: Int<'u16'> = v.bits.offset
  const whole: Net<'be16'> = v.bits
  const parts: Int<'u8'> = v.first.version
  const sum: Int<'u32'> = v.first.add(parts)
  b.return(sum.add(offset))
  b.if(v.who.eq(1n).and(v.who.inPrefix(1n, 64)), () => {})
  b.assign(v, { bits: whole, who: v.who, choice: { v4: 1 }, first: { version: parts } })
  // @ts-expect-error a number for 128 bits
  v.who.eq(1)
  // @ts-expect-error arithmetic on 128 bits
  v.who.add(1n)
  // @ts-expect-error bits that there are not
  v.bits.nothing.eq(1)
  // @ts-expect-error bits that there are not
  b.assign(v, { bits: { nothing: 1 } })
  // @ts-expect-error a string for bytes
  b.assign(v, { mac: 'aa:bb' })
  // @ts-expect-error bytes for a string
  b.assign(v, { name: new Uint8Array(4) })
  // @ts-expect-error a member that there is not
  b.assign(v, { choice: { v5: 1 } })
  const decoded: ValueOf<typeof Layouts> = Layouts.decode(new Uint8Array(Layouts.size))
  const address: bigint = decoded.who
  const text: string = decoded.name
  const flag: number = decoded.bits.more
  const member: number | undefined = decoded.choice.v4
  // @ts-expect-error a member of a union may not be given
  const sure: number = decoded.choice.v4
  b.return(Number(address) + text.length + flag + (member ?? sure))
}

export function network(): void {
  const v = b.stack(Value)
  v.port.eq(80)
  v.wide.eq(80n)
  v.address.eq(v.address)
  // @ts-expect-error network order against host order
  v.port.eq(v.short)
  // @ts-expect-error host order against network order
  v.short.eq(v.port)
  // @ts-expect-error different widths of network order
  v.port.eq(v.address)
  // @ts-expect-error arithmetic in network order
  v.port.add(1)
  // @ts-expect-error order in network order
  v.port.lt(1024)
  // @ts-expect-error a bigint for 16 bits
  v.port.eq(80n)
  // @ts-expect-error a number for 64 bits
  v.wide.eq(80)
  // @ts-expect-error host order stored into network order
  b.assign(v, { port: v.short })
  // @ts-expect-error network order stored into host order
  b.assign(v, { short: v.port })
  b.assign(v, { port: v.short.toNetwork(), short: v.port.toHost() })
  // @ts-expect-error 8 bits have no byte order
  v.small.toNetwork()
}

export function signs(): void {
  const v = b.stack(Value)
  v.change.add(v.balance)
  v.count.add(v.total)
  v.change.lt(-1)
  // @ts-expect-error signed with unsigned
  v.change.add(v.count)
  // @ts-expect-error unsigned with signed
  v.total.and(v.balance)
  // @ts-expect-error signed compared with unsigned
  v.change.lt(v.count)
  // @ts-expect-error unsigned compared with signed
  v.count.eq(v.change)
  // @ts-expect-error signed division
  v.change.div(2)
  // @ts-expect-error unsigned stored into signed
  b.assign(v, { change: v.count })
  // @ts-expect-error a wider value stored into a narrower field
  b.assign(v, { count: v.total })
  b.assign(v, { total: v.count, balance: v.change, count: v.small })
  const promoted: Int<'u64'> = v.small.add(v.total)
  const signed: Int<'s32'> = v.change.mul(3)
  // @ts-expect-error arithmetic below 32 bits gives 32 bits
  const narrow: Int<'u8'> = v.small.add(1)
  const host: Int<'u16'> = v.port.toHost()
  const swapped: Net<'be32'> = v.count.toNetwork()
  b.return(promoted)
  b.return(signed.toU32().add(host).add(narrow))
  b.if(swapped.eq(1), () => {})
}

export function fields(): void {
  const v = b.stack(Value, { inner: { x: 1 }, list: [1, 2, 3, 4] })
  b.return(v.inner.x)
  // @ts-expect-error unknown field
  v.nothing.eq(1)
  // @ts-expect-error unknown field inside
  v.inner.y.eq(1)
  // @ts-expect-error unknown field given
  b.stack(Value, { nothing: 1 })
  // @ts-expect-error unknown field assigned
  b.assign(v, { nothing: 1 })
  // @ts-expect-error a string for a number
  b.stack(Value, { count: '1' })
  // @ts-expect-error fields cannot be assigned as properties
  v.count = 5
  // @ts-expect-error atomic operations on a field that does not exist
  b.fetchAdd(v, 'nothing', 1)
  // @ts-expect-error an array is no number
  v.list.eq(1)
  const element: Net<'be32'> = v.list.at(0)
  b.if(element.eq(v.address), () => {})
}

export function maps(): void {
  b.lookup(values, { id: 1, port: 80 }, { otherwise: 0 })
  b.lookup(list, 3, { otherwise: 0 })
  b.lookup(list, b.random(), { otherwise: 0 })
  // @ts-expect-error an index for a hash table
  b.lookup(values, 1, { otherwise: 0 })
  // @ts-expect-error a key field that does not exist
  b.lookup(values, { nothing: 1 }, { otherwise: 0 })
  // @ts-expect-error a key field of the wrong order
  b.lookup(values, { port: b.random().toU16() }, { otherwise: 0 })
  // @ts-expect-error neither hit nor otherwise
  b.lookup(values, { id: 1 }, {})
  const inner = b.lookup(lists, 0, { otherwise: 0 })
  const found = b.lookup(inner, 0, { otherwise: 0 })
  const total: Int<'u64'> = found.total
  b.return(total)
  // @ts-expect-error a map is no element
  inner.total.eq(1)
}

/** Locks and timers are elements' of maps, and what a look-up gives is known to be one. */
export function mapMemory(): void {
  const Owned = struct('owned', { lock: SpinLock, timer: Timer, n: u32 })
  const table = hash('owned', struct('key', { id: u32 }), Owned, { maxEntries: 1 })
  const perSocket = socketStorage('owned_too', Owned)
  const element: RefOf<typeof Owned, 'map'> = b.lookup(table, { id: 1 }, { otherwise: 0 })
  const added: RefOf<typeof Owned, 'map'> = b.lookupOrInsert(table, { id: 1 }, {}, { otherwise: 0 })
  b.lookup(table, { id: 1 }, { hit: (value) => b.lock(value.lock, () => {}) })
  b.storage(perSocket, sock, { hit: (value) => b.lock(value.lock, () => {}) })
  b.forEach(table, (_key, value) => b.lock(value.lock, () => {}))
  b.startTimer(table, added.timer, { after: 1 }, (_key, value) => b.lock(value.lock, () => {}))
  // What takes any memory that can be written takes an element.
  const any: RefOf<typeof Owned> = element
  b.pop(queue('waiting', Value, { maxEntries: 1 }), {
    // @ts-expect-error what was taken out of a queue is on the stack
    hit: (value: RefOf<typeof Value, 'map'>) => void value,
  })
  const own = b.stack(Owned)
  // @ts-expect-error a lock on the stack
  b.lock(own.lock, () => {})
  // @ts-expect-error a timer on the stack
  b.startTimer(table, own.timer, { after: 1 }, () => {})
  // @ts-expect-error a timer on the stack
  b.cancelTimer(own.timer)
  // @ts-expect-error nobody knows whether this is memory of a map
  b.lock(any.lock, () => {})
  // @ts-expect-error nor of a packet
  const packet: RefOf<typeof Owned, 'packet'> = element
  void packet
}

export function kernelObjects(): void {
  b.acquire(getThing, [skb, 1], { some: (found) => b.kfunc(putThing, [found]) })
  const result: Int<'s32'> = b.kfunc(pokeThing, [thing, b.stack(Inner)])
  b.if(result.eq(0), () => {})
  // @ts-expect-error another kind of object
  b.kfunc(pokeThing, [other, b.stack(Inner)])
  // @ts-expect-error another kind of object to release
  b.kfunc(putThing, [other])
  // @ts-expect-error a number is no object
  b.kfunc(putThing, [1])
  // @ts-expect-error too few arguments
  b.kfunc(pokeThing, [thing])
  // @ts-expect-error too many arguments
  b.kfunc(putThing, [thing, 1])
  // @ts-expect-error an object in the place of the context
  b.acquire(getThing, [thing, 1], { some: () => {} })
  // @ts-expect-error a kfunc that acquires nothing
  b.acquire(putThing, [thing], { some: () => {} })
  // @ts-expect-error a kfunc that acquires
  b.kfunc(getThing, [skb, 1])
  // @ts-expect-error unknown member
  thing.nothing.eq(1)
  // @ts-expect-error a member of the wrong order
  b.assign(thing, { port: b.random().toU16() })
  b.assign(thing, { mark: b.random() })
}

export function control(): void {
  const { count, total, port, change } = b.stack(Value)
  b.switch(count, { 1: () => {}, 16: () => {}, default: () => {} })
  b.switch(port, [[[80, 443], () => {}]], () => {})
  // @ts-expect-error a name is no literal
  b.switch(count, { one: () => {} })
  // @ts-expect-error a case is code
  b.switch(count, { 1: 1 })
  // @ts-expect-error a condition has no cases
  b.switch(count.eq(1), { 1: () => {} })
  b.for({ to: count, max: 4 }, (index) => index.add(count))
  // @ts-expect-error a bound that is not known needs a max
  b.for({ to: count }, () => {})
  // @ts-expect-error 64 bits
  b.for({ to: total, max: 4 }, () => {})
  // @ts-expect-error signed
  b.for({ to: change, max: 4 }, () => {})
  const [holds, body] = [() => count.eq(1), () => {}]
  b.while(holds, body, { max: 4 })
  // @ts-expect-error a loop must end
  b.while(holds, body)
  // @ts-expect-error a loop must end
  b.while(holds, body, {})
  // @ts-expect-error a condition that is computed once
  b.while(count.eq(1), body, { max: 4 })
}

export function functions(): void {
  const v = b.stack(Value)
  const typed = subprogram('typed', { n: u16, port: be16, value: pointerTo(Value) }, u32, (inner, args) => {
    inner.return(args.n)
    inner.return(args.value.count)
    // @ts-expect-error wider than the result
    inner.return(args.value.total)
    // @ts-expect-error network order
    inner.return(args.port)
    // @ts-expect-error the result is missing
    inner.return()
  })
  const nothing = subprogram('nothing', {}, 'void', (inner) => {
    inner.return()
    // @ts-expect-error there is no result
    inner.return(1)
  })
  b.call(typed, { n: 1, port: 80, value: v }).add(v.count)
  b.call(typed, { n: v.small, port: v.port, value: v })
  // @ts-expect-error wider than the parameter
  b.call(typed, { n: v.count, port: 80, value: v })
  // @ts-expect-error host order
  b.call(typed, { n: 1, port: v.short, value: v })
  // @ts-expect-error another struct
  b.call(typed, { n: 1, port: 80, value: b.stack(Inner) })
  // @ts-expect-error an argument is missing
  b.call(typed, { n: 1, port: 80 })
  // @ts-expect-error nothing is returned
  b.call(nothing, {}).add(1)
}

export function variables(): void {
  const v = b.variable(u32, 1)
  v.set(b.random())
  // @ts-expect-error a wider value
  v.set(b.jiffies())
  // @ts-expect-error network order
  v.set(b.random().toNetwork())
  const found = b.lookup(values, { id: 1, port: 80 }, { otherwise: 0 })
  const port = b.variable(be16, 80)
  port.set(found.port)
  const read: Net<'be16'> = port.get()
  b.if(read.eq(443), () => {})
  // @ts-expect-error a host-order number in a network-order variable
  port.set(v.get())
  // @ts-expect-error 32 bits in a variable of 16
  port.set(found.address)
  // @ts-expect-error a condition is no value
  b.return(v.get().eq(1))
  // @ts-expect-error a value is no condition
  b.if(v.get(), () => {})
}

export const value: ValueOf<typeof Value> = {
  small: 1,
  short: 1,
  count: 1,
  total: 1n,
  change: -1,
  balance: -1n,
  port: 80,
  address: 1,
  wide: 1n,
  list: [1, 2, 3, 4],
  inner: { x: 1, port: 1 },
}
export const wrong: Partial<ValueOf<typeof Value>> = {
  // @ts-expect-error a number for 64 bits
  total: 1,
  // @ts-expect-error a bigint for 32 bits
  count: 1n,
}
export const unknown: Partial<ValueOf<typeof Value>> = {
  // @ts-expect-error a field that does not exist
  nothing: 1,
}
