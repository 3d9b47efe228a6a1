import { describe, expect, test } from 'vitest'
import { BuildError } from '../../../../../src/asm/dsl/core/errors.ts'
import { kernelType, member, pointer } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import { contextParameter, kfunc } from '../../../../../src/asm/dsl/kernel/kfunc.ts'
import { cgroupSkb } from '../../../../../src/asm/dsl/program/cgroup-skb.ts'
import { cgroupSock } from '../../../../../src/asm/dsl/program/cgroup-sock.ts'
import { cgroupSockAddr, SockAddr } from '../../../../../src/asm/dsl/program/cgroup-sock-addr.ts'
import { kprobe, kretprobe } from '../../../../../src/asm/dsl/program/kprobe.ts'
import { lsm } from '../../../../../src/asm/dsl/program/lsm.ts'
import { skLookup } from '../../../../../src/asm/dsl/program/sk-lookup.ts'
import { socketFilter } from '../../../../../src/asm/dsl/program/socket-filter.ts'
import { syscall } from '../../../../../src/asm/dsl/program/syscall.ts'
import { rawTracepoint, tpBtf, tracepoint } from '../../../../../src/asm/dsl/program/tracepoint.ts'
import { fentry, fexit, fmodRet } from '../../../../../src/asm/dsl/program/tracing.ts'
import { xdp } from '../../../../../src/asm/dsl/program/xdp.ts'
import { sectionOf } from '../../../../../src/asm/elf/section-names.ts'
import { s16, s32, s64, u8, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../../../src/asm/program.ts'
import { KernelLayout, KernelObject } from '../../../../../src/asm/vm/kernel-object.ts'
import { Machine } from '../../../../../src/asm/vm/machine.ts'
import { here } from '../build-failure.ts'

const Parent = kernelType('task_struct', { tgid: s32 })
const Task = kernelType('task_struct', {
  pid: s32,
  state: member('__state', u32),
  parent: pointer(() => Parent, 'real_parent'),
})

const ret = (b: { return(value: 0): void }): void => b.return(0)
const target = { function: 'f', parameters: { task: Task, flags: u32 } } as const

/** Runs a program in the interpreter: `context` is what its argument points to, in 64-bit words. */
function run(
  spec: ProgramSpec,
  layout: KernelLayout,
  context: (address: (object: KernelObject) => number) => readonly bigint[],
): bigint {
  const machine = new Machine(spec.instructions, {
    layout,
    helpers: {
      bpf_probe_read_kernel: (call) => {
        const bytes = call.u32(1)
        call.writable(0, bytes).set(call.bytes(2, bytes))
        return 0
      },
    },
  })
  return machine.run((memory) => {
    const words = context((object) => memory.addressOf(object.bytes, object.struct))
    return [memory.map('context', new Uint8Array(BigUint64Array.from(words).buffer))]
  })
}

function failure(write: () => void): string[] {
  try {
    write()
  } catch (error) {
    if (error instanceof BuildError) return [error.code, error.message, error.hint]
    throw error
  }
  throw new Error('the program was built')
}

describe('what a program says about itself', () => {
  const raw = { tracepoint: 'sched_exec', parameters: { task: Task } } as const
  const record = struct('record', { common: u64, pid: s32, rest: u32 })
  test.each<[ProgramSpec, object, string]>([
    [xdp('p', ret), { type: 'xdp', attach: { type: 'xdp' } }, 'xdp'],
    [socketFilter('p', ret), { type: 'socket_filter' }, 'socket'],
    [
      cgroupSkb('p', 'egress', ret),
      { type: 'cgroup_skb', attach: { type: 'cgroup_inet_egress' } },
      'cgroup_skb/egress',
    ],
    [
      cgroupSockAddr('p', 'connect4', ret),
      { type: 'cgroup_sock_addr', attach: { type: 'cgroup_inet4_connect' } },
      'cgroup/connect4',
    ],
    [
      cgroupSockAddr('p', 'sendmsg6', ret),
      { type: 'cgroup_sock_addr', attach: { type: 'cgroup_udp6_sendmsg' } },
      'cgroup/sendmsg6',
    ],
    [
      cgroupSock('p', 'create', ret),
      { type: 'cgroup_sock', attach: { type: 'cgroup_inet_sock_create' } },
      'cgroup/sock_create',
    ],
    [
      cgroupSock('p', 'post_bind4', ret),
      { type: 'cgroup_sock', attach: { type: 'cgroup_inet4_post_bind' } },
      'cgroup/post_bind4',
    ],
    [skLookup('p', ret), { type: 'sk_lookup', attach: { type: 'sk_lookup' } }, 'sk_lookup'],
    [
      fentry('p', target, ret),
      {
        type: 'tracing',
        attach: {
          type: 'trace_fentry',
          target: { kind: 'function', name: 'f', parameters: ['task_struct *', 'u32'] },
        },
      },
      'fentry/f',
    ],
    [
      fexit('p', { ...target, returns: s64 }, ret, { sleepable: true }),
      {
        type: 'tracing',
        sleepable: true,
        attach: { type: 'trace_fexit', target: { returns: 's64' } },
      },
      'fexit.s/f',
    ],
    [
      fmodRet('p', { ...target, returns: s32 }, ret),
      { type: 'tracing', attach: { type: 'modify_return' } },
      'fmod_ret/f',
    ],
    [
      lsm('p', { hook: 'file_open', parameters: {} }, ret),
      { type: 'lsm', attach: { type: 'lsm_mac', target: { kind: 'lsm', name: 'file_open' } } },
      'lsm/file_open',
    ],
    [
      rawTracepoint('p', raw, ret),
      {
        type: 'raw_tracepoint',
        attach: { target: { kind: 'raw-tracepoint', name: 'sched_exec', typed: false } },
      },
      'raw_tp/sched_exec',
    ],
    [
      tpBtf('p', raw, ret),
      { type: 'tracing', attach: { type: 'trace_raw_tp', target: { typed: true } } },
      'tp_btf/sched_exec',
    ],
    [
      tracepoint('p', { category: 'sched', name: 'exec', record }, ret),
      { type: 'tracepoint', attach: { target: { kind: 'tracepoint', category: 'sched', name: 'exec' } } },
      'tracepoint/sched/exec',
    ],
    [
      kprobe('p', { function: 'f', offset: 4, parameters: {} }, ret),
      { type: 'kprobe', attach: { target: { kind: 'kprobe', name: 'f', offset: 4, returning: false } } },
      'kprobe/f+4',
    ],
    [
      kretprobe('p', { function: 'f', returns: s32 }, ret),
      { type: 'kprobe', attach: { target: { kind: 'kprobe', name: 'f', returning: true } } },
      'kretprobe/f',
    ],
    [syscall('p', record, ret), { type: 'syscall', sleepable: true }, 'syscall'],
  ])('%#', (spec, expected, section) => {
    expect(spec).toMatchObject(expected)
    expect(sectionOf(spec)).toBe(section)
    expect(spec.instructions.at(-1)?.opcode).toBe(0x95)
  })
})

describe('arguments', () => {
  const layout = new KernelLayout()
  const parent = new KernelObject(layout, 'task_struct', { tgid: 7 })
  const task = (address: (object: KernelObject) => number): KernelObject =>
    new KernelObject(layout, 'task_struct', { pid: 5, __state: 3, real_parent: address(parent) })

  test('are kernel objects whose pointers can be followed, and integers of their own width', () => {
    const spec = fexit('p', { ...target, returns: s16 }, (b, { task, flags }, result) => {
      b.if(flags.ne(0x8000_0001).or(result.ne(-2)), () => b.return(0))
      const state = b.stack(struct('answer', { state: u32 }), { state: task.state })
      b.if(task.pid.ne(5).or(task.parent.tgid.ne(7)).or(state.state.ne(3)), () => b.return(0))
      b.return(result.toU32())
    })
    const context = (address: (object: KernelObject) => number): bigint[] => [
      BigInt(address(task(address))),
      // What is above 32 bits is nobody's.
      0xdead_beef_8000_0001n,
      0xffff_0000_0000_fffen,
    ]
    expect(run(spec, layout, context)).toBe(0xffff_fffen)
  })

  test('of raw tracepoints are read with probe_read_kernel', () => {
    const spec = rawTracepoint('p', { tracepoint: 't', parameters: { task: Task } }, (b, { task }) => {
      b.return(task.parent.tgid.toU32().shl(8).or(task.pid.toU32()))
    })
    expect(run(spec, layout, (address) => [BigInt(address(task(address)))])).toBe(0x705n)
  })

  test('may point to nothing', () => {
    for (const make of [rawTracepoint, tpBtf]) {
      const spec = make('p', { tracepoint: 't', parameters: { task: Task } }, (b, { task }) => {
        b.ifPresent(
          task.parent,
          (parent) => b.return(parent.tgid.toU32()),
          () => b.return(99),
        )
      })
      const alone = new KernelObject(layout, 'task_struct', { pid: 5, real_parent: 0 })
      expect(run(spec, layout, (address) => [BigInt(address(task(address)))])).toBe(7n)
      expect(run(spec, layout, (address) => [BigInt(address(alone))])).toBe(99n)
    }
  })

  test('of probed functions are members of the registers', () => {
    const spec = kprobe('p', { function: 'f', parameters: { a: u64, b: u8 } }, (b, args) => {
      b.return(args.b)
    })
    expect(spec.instructions.flatMap(({ symbol }) => symbol ?? [])).toEqual([
      { kind: 'field', struct: 'bpf_user_pt_regs_t', path: 'argument2', size: 8 },
    ])
    const seven = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [name, u64]))
    expect(failure(() => kprobe('p', { function: 'f', parameters: seven }, ret))).toEqual([
      'PARAMETERS',
      `p reads 7 arguments; only the first 6 are in registers (${here(-2)})`,
      'Leave out those at the end.',
    ])
  })
})

describe('a kernel function that takes a context', () => {
  const lookUp = kfunc('bpf_skb_look', [contextParameter('__sk_buff')], s32, '6.1')
  const xdpLookUp = kfunc('bpf_xdp_look', [contextParameter('xdp_md')], s32, '6.1')

  test('takes that of its own program type', () => {
    const spec = xdp('p', (b, ctx) => b.return(b.kfunc(xdpLookUp, [ctx]).toU32()))
    expect(spec.kfuncs).toMatchObject([{ name: 'bpf_xdp_look', parameters: ['xdp_md *'] }])
    expect(failure(() => xdp('p', (b, ctx) => b.return(b.kfunc(lookUp, [ctx]))))).toEqual([
      'ARGUMENT',
      `bpf_skb_look takes a __sk_buff, the context of this program is a xdp_md (${here(-2)})`,
      '',
    ])
  })
})

describe('a port of a socket address', () => {
  test('is read as two bytes and written as four', () => {
    const spec = cgroupSockAddr('p', 'connect4', (b, ctx) => {
      b.if(ctx.userPort.eq(80), () => b.assign(ctx, { userPort: 8080 }))
      b.return(1)
    })
    const at = SockAddr.fields.userPort.offset
    const accesses = spec.instructions.filter(({ opcode, offset }) => (opcode & 7) < 4 && offset === at)
    // ldxh, then stw of the port in network order.
    expect(accesses.map(({ opcode, imm }) => [opcode, imm])).toEqual([
      [0x69, 0],
      [0x62, 0x901f],
    ])
  })
})

describe('what is returned', () => {
  test.each<[string, () => unknown, string, string]>([
    [
      'fentry',
      () => fentry('p', target, (b) => b.return(1)),
      'p returns 1, and must return 0',
      'Nobody looks at what such a program returns.',
    ],
    [
      'recvmsg',
      () => cgroupSockAddr('p', 'recvmsg4', (b) => b.return(0)),
      'p returns 0, and must return 1',
      'CGROUP_ALLOW (1) lets the call go on; it cannot be refused.',
    ],
    [
      'ingress',
      () => cgroupSkb('p', 'ingress', (b) => b.return(2)),
      'p returns 2, and must return 0 to 1',
      'CGROUP_ALLOW (1) lets it pass, CGROUP_REJECT (0) does not.',
    ],
    [
      'lsm',
      () => lsm('p', { hook: 'file_open', parameters: {} }, (b) => b.return(1)),
      'p returns 1, and must return -4095 to 0',
      '0 allows it; -EPERM (-1) and other negative error numbers refuse it.',
    ],
  ])('%s', (_, build, message, hint) => {
    const [code, text, advice] = failure(build)
    expect(code).toBe('RETURN_VALUE')
    expect(text).toMatch(`${message} (program-types.test.ts:`)
    expect(advice).toBe(hint)
  })
})
