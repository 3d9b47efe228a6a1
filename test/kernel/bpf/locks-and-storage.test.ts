import { expect } from 'vitest'
import { kernelType } from '../../../src/asm/dsl/kernel/kernel-type.ts'
import { array } from '../../../src/asm/dsl/map/definition.ts'
import { taskStorage } from '../../../src/asm/dsl/map/storage.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { SpinLock, Timer } from '../../../src/asm/layout/kernel-owned.ts'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import { createMap, createStorage } from '../../../src/loader/bpf/create-map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { test } from '../support/kernel-test.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()

const packet = new Uint8Array(64)

test('a token bucket behind a spin lock', () => {
  const Bucket = struct('bucket', { lock: SpinLock, tokens: u32, taken: u64 })
  const buckets = array('t_buckets', Bucket, { maxEntries: 1 })
  using map = createMap(buckets)
  map.set(0, { lock: { val: 0 }, tokens: 2, taken: 0n })
  const spec = tc('t_lock', (b) => {
    const bucket = b.lookup(buckets, 0, { otherwise: 9 })
    const allowed = b.variable(u32, 0)
    b.lock(bucket.lock, () => {
      b.if(bucket.tokens.ge(1), () => {
        b.assign(bucket, { tokens: bucket.tokens.sub(1), taken: bucket.taken.add(1) })
        allowed.set(1)
      })
    })
    b.return(allowed.get())
  })
  using program = loadProgram(spec, { maps: [map] })
  expect([1, 2, 3].map(() => program.testRun(packet).retval)).toEqual([1, 1, 0])
  expect(map.get(0)).toEqual({ lock: { val: 0 }, tokens: 0, taken: 2n })
})

test('the kernel knows locks and timers by their types', () => {
  const Value = struct('value', { timer: Timer, lock: SpinLock, n: u32 })
  using map = createMap(array('t_owned', Value, { maxEntries: 1 }))
  // What user space writes there stays the kernel's.
  map.set(0, { timer: { opaque: [7n, 7n] }, lock: { val: 1 }, n: 5 })
  expect(map.get(0)).toEqual({ timer: { opaque: [0n, 0n] }, lock: { val: 0 }, n: 5 })
})

test('a value for each task', () => {
  const Task = kernelType('task_struct', { pid: u32 })
  const perTask = taskStorage('t_tasks', struct('seen', { calls: u64 }))
  using map = createStorage(perTask)
  const spec = tc('t_task', (b) => {
    const task = b.currentTask(Task)
    const seen = b.storage(perTask, task, { create: { calls: 40 }, otherwise: 1 })
    b.atomicAdd(seen, { calls: 1 })
    b.if(seen.calls.eq(43), () => {
      b.if(b.deleteStorage(perTask, task).ne(0), () => b.return(2))
      b.storage(perTask, task, { hit: () => b.return(3), miss: () => b.return(4) })
    })
    b.return(seen.calls.toU32())
  })
  using program = loadProgram(spec, { maps: [map] })
  expect([1, 2, 3].map(() => program.testRun(packet).retval)).toEqual([41, 42, 4])
})
