import { expect } from 'vitest'
import { acquired, consumed, contextParameter, kfunc, sized } from '../../../src/asm/dsl/kernel/kfunc.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { findKernelFunctions, runningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import {
  Connection,
  Ipv4Tuple,
  LookupOptions,
} from '../../../src/programs/load-balancer/datapath/conntrack.ts'
import { test } from '../support/kernel-test.ts'

const lookup = kfunc(
  'bpf_skb_ct_lookup',
  [contextParameter('__sk_buff'), sized(Ipv4Tuple), sized(LookupOptions)],
  acquired(Connection),
  '5.18',
)
const release = kfunc('bpf_ct_release', [consumed(Connection)], 'void', '5.18')

test('memory with its size agrees with the kernel’s prototype and passes the verifier', ({ skip }) => {
  if (!findKernelFunctions(runningKernelTypes(), ['bpf_skb_ct_lookup']).has('bpf_skb_ct_lookup'))
    skip('nf_conntrack is not loaded')
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
})
