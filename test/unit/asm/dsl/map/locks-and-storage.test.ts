import { describe, expect, test } from 'vitest'
import { kernelType } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import { hash } from '../../../../../src/asm/dsl/map/definition.ts'
import { cgroupStorage, taskStorage } from '../../../../../src/asm/dsl/map/storage.ts'
import { SpinLock } from '../../../../../src/asm/layout/kernel-owned.ts'
import { u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import { here, report } from '../build-failure.ts'
import { program } from '../compile-and-run.ts'

const Bucket = struct('bucket', { lock: SpinLock, tokens: u32, taken: u64 })
const buckets = hash('buckets', struct('key', { id: u32 }), Bucket, { maxEntries: 4 })

describe('spin locks', () => {
  const small = program((b, { c }) => {
    const bucket = b.lookupOrInsert(buckets, { id: 1 }, { tokens: 2 }, { otherwise: 9 })
    const allowed = b.variable(u32, 0)
    b.lock(bucket.lock, () => {
      b.if(bucket.tokens.ge(c), () => {
        b.assign(bucket, { tokens: bucket.tokens.sub(c), taken: bucket.taken.add(c) })
        allowed.set(1)
      })
    })
    b.return(allowed.get())
  })

  test('enclose what they guard', () => {
    const maps = new VmMaps(small.spec.maps)
    expect([1, 1, 1].map((c) => small.run({ c }, { maps }))).toEqual([1n, 1n, 0n])
    expect(maps.of(buckets).get({ id: 1 })).toEqual({ lock: { val: 0 }, tokens: 0, taken: 2n })
  })

  test('are taken and given back around it', () => {
    const calls = small.spec.instructions.flatMap(({ symbol }) =>
      symbol?.kind === 'helper' && symbol.name.includes('spin') ? [symbol.name] : [],
    )
    expect(calls).toEqual(['bpf_spin_lock', 'bpf_spin_unlock'])
  })

  test('allow no call', () => {
    let [lock, call] = ['', '']
    const lines = report((b) => {
      const bucket = b.lookup(buckets, { id: 1 }, { otherwise: 0 })
      lock = here(1)
      b.lock(bucket.lock, () => {
        call = here(1)
        b.assign(bucket, { tokens: b.random() })
      })
    })
    expect(lines).toEqual([
      'LOCKED',
      `bpf_get_prandom_u32 cannot be called while a spin lock is held (${call})`,
      `It is taken at ${lock}.`,
      'Call it before or behind b.lock(…) and keep the result in a variable.',
    ])
  })

  test('allow no return', () => {
    let [lock, end] = ['', '']
    const lines = report((b) => {
      const bucket = b.lookup(buckets, { id: 1 }, { otherwise: 0 })
      lock = here(1)
      b.lock(bucket.lock, () => {
        end = here(1)
        b.return(1)
      })
    })
    expect(lines).toEqual([
      'LEAKED_REFERENCE',
      `this spin lock is not unlocked on every way (${lock})`,
      `The program returns with it at ${end}.`,
      'It must be unlocked before that return.',
    ])
  })

  test('are the kernel’s own', () => {
    let at = ''
    const lines = report((b) => {
      const bucket = b.lookup(buckets, { id: 1 }, { otherwise: 0 })
      at = here(1)
      bucket.lock.val.add(1)
    })
    expect(lines).toEqual([
      'KERNEL_OWNED',
      `buckets.lock.val cannot be read or written: bpf_spin_lock is the kernel's own (${at})`,
      'Pass the field as a whole to the statement it is for, such as b.lock(value.lock, …).',
    ])
  })

  test('are in map values only', () => {
    // @ts-expect-error types say so as well
    const lines = report((b) => b.lock(b.stack(Bucket).lock, () => {}))
    expect(lines[0]).toBe('ARGUMENT')
    expect(lines[1]).toContain("bucket.lock is no spin lock in a map's value")
  })
})

describe('storage', () => {
  const Task = kernelType('task_struct', { pid: u32 })
  const perTask = taskStorage('per_task', struct('seen', { calls: u64 }))

  test('belongs to objects of the right kind', () => {
    const perCgroup = cgroupStorage('per_cgroup', struct('seen', { calls: u64 }))
    const lines = report((b) => b.storage(perCgroup, b.currentTask(Task), { hit: () => {} }))
    expect(lines[0]).toBe('ARGUMENT')
    expect(lines[1]).toContain(
      'map "per_cgroup" (cgrp_storage) keeps values for a cgroup, not for a task_struct',
    )
  })

  test('the current task is a task', () => {
    const lines = report((b) => b.currentTask(kernelType('sock', {})))
    expect(lines[1]).toContain('the current task is a task_struct, not a sock')
  })

  test('has no number of entries', () => {
    expect(perTask.spec).toMatchObject({ keySize: 4, valueSize: 8, maxEntries: 0, flags: 1 })
    expect(() => taskStorage('a name', struct('seen', { calls: u64 }))).toThrow('map name "a name" must be')
  })
})
