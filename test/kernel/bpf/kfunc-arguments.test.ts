import { expect } from 'vitest'
import { kernelType } from '../../../src/asm/dsl/kernel/kernel-type.ts'
import { acquired, consumed, contextParameter, kfunc, sized } from '../../../src/asm/dsl/kernel/kfunc.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { s32 } from '../../../src/asm/layout/scalar.ts'
import { findKernelFunctions, runningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import {
  Connection,
  Ipv4Tuple,
  LookupOptions,
} from '../../../src/programs/load-balancer/datapath/conntrack.ts'
import { test, testUnless } from '../support/kernel-test.ts'

const lookup = kfunc(
  'bpf_skb_ct_lookup',
  [contextParameter('__sk_buff'), sized(Ipv4Tuple), sized(LookupOptions)],
  acquired(Connection),
  '5.18',
)
const release = kfunc('bpf_ct_release', [consumed(Connection)], 'void', '5.18')

const noConntrack = (): string | undefined =>
  findKernelFunctions(runningKernelTypes(), ['bpf_skb_ct_lookup']).size === 0
    ? 'has not loaded nf_conntrack, or has none'
    : undefined

testUnless(
  noConntrack,
  'memory with its size agrees with the kernel’s prototype and passes the verifier',
  () => {
    const spec = tc('t_sized', (b, skb) => {
      const tuple = b.stack(Ipv4Tuple, { source: 1, destination: 2 })
      const options = b.stack(LookupOptions, { netnsId: -1, protocol: 6 })
      b.acquire(lookup, [skb, tuple, options], {
        some: (connection) => b.kfunc(release, [connection]),
        none: () => b.return(options.error.add(100)),
      })
      b.return(0)
    })
    using program = loadProgram(spec, { maps: [] })
    // ENOENT: there is no such connection, and the sizes were right (EINVAL).
    expect(program.testRun(new Uint8Array(64)).retval).toBe(98)
  },
)

test('an object is acquired, read and released', () => {
  const Task = kernelType('task_struct', { pid: s32 })
  const fromPid = kfunc('bpf_task_from_pid', [s32], acquired(Task), '6.2')
  const releaseTask = kfunc('bpf_task_release', [consumed(Task)], 'void', '6.1')
  const spec = tc('t_task', (b) => {
    const own = b.helpers.get_current_pid_tgid().toS32()
    b.acquire(fromPid, [own], {
      some: (task) => {
        const { pid } = task
        b.kfunc(releaseTask, [task])
        b.if(pid.eq(own), () => b.return(0))
      },
      none: () => b.return(99),
    })
    b.return(1)
  })
  using program = loadProgram(spec, { maps: [] })
  expect(program.testRun(new Uint8Array(64)).retval).toBe(0)
})
