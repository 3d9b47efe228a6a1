import { describe, expect, it } from 'vitest'
import type { AttachSpec } from '../../../../src/asm/attach.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { r0 } from '../../../../src/asm/isa/registers.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import type { KernelTypes } from '../../../../src/loader/kernel/vmlinux-btf.ts'
import { resolveAttach } from '../../../../src/loader/program/attach-target.ts'

/** `u64 vfs_read(struct file *)`, the hook `file_open`, the tracepoint `sched_exec`; a module with `u64 in_module(…)`. */
function kernel({ hooks = true } = {}): KernelTypes {
  const writer = new BtfWriter()
  const u64 = writer.int('u64', 8)
  const file = writer.ptr(writer.struct('file', 8, [{ name: 'f_pos', type: u64, bitOffset: 0, bitSize: 0 }]))
  const prototype = writer.funcProto(u64, [{ name: 'file', type: file }])
  writer.func('vfs_read', prototype, 'static')
  if (hooks) writer.func('bpf_lsm_file_open', prototype, 'global')
  writer.typedef('btf_trace_sched_exec', writer.ptr(prototype))
  const vmlinux = Btf.parse(writer.finish())
  const own = new BtfWriter(vmlinux)
  own.func('in_module', prototype, 'static')
  own.typedef('btf_trace_module_event', 1)
  const module = Btf.parse(own.finish(), vmlinux)
  return { vmlinux, moduleNames: () => ['zebra'], module: () => module }
}

function program(attach?: AttachSpec): ProgramSpec {
  return {
    name: 'p',
    type: 'tracing',
    license: 'GPL',
    instructions: [mov64(r0, 0), exit()],
    functions: [{ name: 'p', start: 0 }],
    maps: [],
    kfuncs: [],
    ...(attach && { attach }),
  }
}

const fentry = (name: string, more: object = {}): ProgramSpec =>
  program({ type: 'trace_fentry', target: { kind: 'function', name, ...more } })

const failing = (fields: object) => expect.objectContaining(fields)

describe('what a program is meant for', () => {
  it('may be nothing, or an attach type alone', () => {
    expect(resolveAttach(program(), kernel())).toEqual({})
    expect(resolveAttach(program({ type: 'cgroup_inet4_connect' }), kernel())).toEqual({
      expectedAttachType: 10,
    })
  })

  it('functions, hooks and tracepoints become BTF ids, with their module', () => {
    const types = kernel()
    const id = (name: string, kind: 'func' | 'typedef') => types.vmlinux.findByName(name, kind)
    expect(resolveAttach(fentry('vfs_read'), types)).toEqual({
      expectedAttachType: 24,
      btfId: id('vfs_read', 'func'),
    })
    expect(resolveAttach(fentry('in_module'), types)).toMatchObject({ module: 'zebra' })
    const lsm = program({ type: 'lsm_mac', target: { kind: 'lsm', name: 'file_open' } })
    expect(resolveAttach(lsm, types)).toEqual({
      expectedAttachType: 27,
      btfId: id('bpf_lsm_file_open', 'func'),
    })
    const typed = (name: string) =>
      program({ type: 'trace_raw_tp', target: { kind: 'raw-tracepoint', name, typed: true } })
    expect(resolveAttach(typed('sched_exec'), types)).toEqual({
      expectedAttachType: 23,
      btfId: id('btf_trace_sched_exec', 'typedef'),
    })
    expect(resolveAttach(typed('module_event'), types)).toMatchObject({ module: 'zebra' })
  })

  it('what the kernel is only asked about when it is attached is not looked up', () => {
    const targets = [
      { kind: 'raw-tracepoint', name: 'nothing', typed: false },
      { kind: 'tracepoint', category: 'no', name: 'thing' },
      { kind: 'kprobe', name: 'nothing', offset: 0, returning: false },
    ] as const
    for (const target of targets) expect(resolveAttach(program({ target }), kernel())).toEqual({})
  })
})

describe('what the kernel does not have', () => {
  it('a function, with those of similar names', () => {
    expect(() => resolveAttach(fentry('vfs_raed'), kernel())).toThrow(
      failing({
        code: 'ATTACH_TARGET',
        message: `function "vfs_raed" is not in this kernel's BTF`,
        hint: 'Did you mean vfs_read? Static functions may have been inlined; one in a module is there while the module is loaded.',
      }),
    )
    expect(() => resolveAttach(fentry('constructor'), kernel())).toThrow(failing({ code: 'ATTACH_TARGET' }))
  })

  it('a hook, or hooks at all', () => {
    const lsm = program({ type: 'lsm_mac', target: { kind: 'lsm', name: 'file_opne' } })
    expect(() => resolveAttach(lsm, kernel())).toThrow(
      failing({
        message: 'this kernel has no security hook "file_opne"',
        hint: 'Did you mean file_open? The hooks are those of include/linux/lsm_hook_defs.h.',
      }),
    )
    expect(() => resolveAttach(lsm, kernel({ hooks: false }))).toThrow(
      failing({
        message: 'this kernel has no BPF security hooks; Linux 5.7 and later do',
        hint: 'It must be built with CONFIG_BPF_LSM=y.',
      }),
    )
  })

  it('a tracepoint', () => {
    const target = { kind: 'raw-tracepoint', name: 'sched_exce', typed: true } as const
    expect(() => resolveAttach(program({ type: 'trace_raw_tp', target }), kernel())).toThrow(
      failing({
        message: 'this kernel has no tracepoint "sched_exce"',
        hint: 'Did you mean sched_exec? A tracepoint in a module is there while the module is loaded.',
      }),
    )
  })

  it('the prototype that the program declares', () => {
    expect(
      resolveAttach(fentry('vfs_read', { parameters: ['file *'], returns: 's64' }), kernel()),
    ).toBeDefined()
    expect(() =>
      resolveAttach(fentry('vfs_read', { parameters: ['path *'], returns: 'u64' }), kernel()),
    ).toThrow(
      failing({
        code: 'KERNEL_TYPE',
        message:
          'function vfs_read is not as program "p" declares it: parameter 1 (file) is file *, declared as path *',
      }),
    )
  })
})
