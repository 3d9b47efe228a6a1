import { describe, expect, it } from 'vitest'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { r0 } from '../../../../src/asm/isa/registers.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { openFdCount } from '../../../../src/loader/bpf/fd.ts'
import type { BpfRequest } from '../../../../src/loader/bpf/request.ts'
import { loadProgram } from '../../../../src/loader/program/load.ts'
import { BtfLoadError } from '../../../../src/loader/program/load-btf.ts'
import type { SourceText } from '../../../../src/loader/source-text.ts'
import { VerifierError } from '../../../../src/loader/verifier/error.ts'
import { FakeKernel, pointee } from '../bpf/fake-kernel.ts'

const EACCES = 13
const EINVAL = 22
const ENOSPC = 28

const spec: ProgramSpec = {
  name: 'p',
  type: 'sched_cls',
  license: 'GPL',
  instructions: [annotate(mov64(r0, 0), { source: { file: 'out.js', line: 70, column: 9 } }), exit()],
  functions: [{ name: 'p', start: 0 }],
  maps: [],
  kfuncs: [],
}

/** Compiled line `10 n` is TypeScript line `n`. */
const sourceText: SourceText = {
  locate: ({ line, column }) => ({ file: 'lb.ts', line: line / 10, column }),
  line: (file, line) => `${file} line ${line}`,
}

const load = (bpf: FakeKernel, more: object = {}) =>
  loadProgram(spec, { maps: new Map(), bpf, sourceText, ...more })

function write(request: BpfRequest, offset: number, text: string): void {
  const buffer = pointee(request, offset)
  buffer.set(new TextEncoder().encode(text).subarray(0, buffer.byteLength - 1))
}

const verdict = '0: R1=ctx()\n0: (b7) r0 = 0\nno good\nprocessed 1 insns (limit 1)\n'

describe('loading', () => {
  it('asks for no log when all is well, and passes the original positions on', () => {
    const kernel = new FakeKernel({ BPF_BTF_LOAD: () => 7, BPF_PROG_LOAD: () => 8 })
    using program = load(kernel)
    expect(program.fd.number).toBe(8)
    expect(program.log).toBe('')
    expect(kernel.commands).toEqual(['BPF_BTF_LOAD', 'BPF_PROG_LOAD'])
    const [btf, prog] = kernel.requests as [BpfRequest, BpfRequest]
    expect(prog.readU32(24)).toBe(0)
    expect(prog.readU32(72)).toBe(7)
    const lineInfo = new DataView(pointee(prog, 96).slice().buffer)
    expect(lineInfo.getUint32(12, true)).toBe((7 << 10) | 9)
    expect(new TextDecoder().decode(pointee(btf, 0))).toContain('lb.ts line 7')
    expect(kernel.closed).toEqual([7])
  })

  it('asks for the log at once when it is wanted', () => {
    const kernel = new FakeKernel({
      BPF_PROG_LOAD: (request) => {
        write(request, 32, 'processed 1 insns')
        return 8
      },
    })
    using program = load(kernel, { logLevel: 2 })
    expect(program.log).toBe('processed 1 insns')
    expect(kernel.requests.map((request) => request.command)).toEqual(['BPF_BTF_LOAD', 'BPF_PROG_LOAD'])
    expect(kernel.requests[1]?.readU32(24)).toBe(2)
  })
})

describe('a refused program', () => {
  it('is loaded again with a log, which explains it', () => {
    const kernel = new FakeKernel({
      BPF_BTF_LOAD: () => 7,
      BPF_PROG_LOAD: (request) => {
        if (request.readU32(24) === 1) write(request, 32, verdict)
        return -EACCES
      },
    })
    const before = openFdCount()
    expect(() => load(kernel)).toThrow(VerifierError)
    expect(() => load(kernel)).toThrow(
      expect.objectContaining({
        message: 'program "p" was rejected: no good',
        details: expect.stringContaining('> 7 | lb.ts line 7\n    |         ^ no good'),
      }),
    )
    expect(openFdCount()).toBe(before)
    expect(kernel.closed).toEqual([7, 7])
  })

  it('gets a larger buffer until the log fits, by the size the kernel tells', () => {
    const sizes: number[] = []
    const kernel = new FakeKernel({
      BPF_PROG_LOAD: (request) => {
        const size = request.readU32(28)
        if (size > 0) sizes.push(size)
        if (size > 0 && size < 3_000_000) {
          request.u32(140, 3_000_001)
          return -ENOSPC
        }
        if (size > 0) write(request, 32, verdict)
        return -EACCES
      },
    })
    expect(() => load(kernel)).toThrow(/no good/)
    expect(sizes).toEqual([2 ** 20, 3_000_001])
  })

  it('gets twice the buffer where the kernel does not tell', () => {
    const sizes: number[] = []
    const kernel = new FakeKernel({
      BPF_PROG_LOAD: (request) => {
        const size = request.readU32(28)
        if (size > 0) sizes.push(size)
        if (size >= 2 ** 22) write(request, 32, verdict)
        return size >= 2 ** 22 ? -EACCES : -ENOSPC
      },
    })
    expect(() => load(kernel)).toThrow(/no good/)
    expect(sizes).toEqual([2 ** 20, 2 ** 21, 2 ** 22])
  })

  it('is explained by the end of a log of many megabytes', () => {
    let logged = 0
    const kernel = new FakeKernel({
      BPF_PROG_LOAD: (request) => {
        if (request.readU32(24) === 0) return -7
        logged++
        request.u32(140, 60_000_000)
        write(request, 32, `) r6 += 1\n${verdict}`)
        return -ENOSPC
      },
    })
    expect(() => load(kernel)).toThrow(/no good/)
    expect(logged).toBe(1)
  })

  it('without a log is not blamed on the verifier', () => {
    const kernel = new FakeKernel({ BPF_PROG_LOAD: () => -7 })
    expect(() => load(kernel)).toThrow(
      expect.objectContaining({ code: 'BPF_SYSCALL', hint: expect.stringMatching(/million instructions/) }),
    )
  })
})

describe('types', () => {
  it('that a kernel cannot take at all are left out', () => {
    const kernel = new FakeKernel({ BPF_BTF_LOAD: () => -EINVAL, BPF_PROG_LOAD: () => 8 })
    using _program = load(kernel)
    const request = kernel.requests.at(-1)
    expect(request?.readU32(72)).toBe(0)
    expect(request?.pointers.map(({ offset }) => offset)).not.toContain(80)
  })

  it('that are wrong are an error of their own', () => {
    const kernel = new FakeKernel({
      BPF_BTF_LOAD: (request) => {
        // The least there can be is taken, the program's own is not.
        if (request.readU32(16) < 60) return 7
        if (request.readU32(24) === 1) write(request, 8, '[1] INT int\n[2] Invalid name\n')
        return -EINVAL
      },
    })
    expect(() => load(kernel)).toThrow(BtfLoadError)
    expect(() => load(kernel)).toThrow(/types of program "p" were rejected: \[2\] Invalid name/)
    expect(kernel.commands).not.toContain('BPF_PROG_LOAD')
    expect(kernel.closed).toEqual([7, 7])
  })

  it('that may not be loaded are a matter of privileges', () => {
    const kernel = new FakeKernel({ BPF_BTF_LOAD: () => -1 })
    expect(() => load(kernel)).toThrow(expect.objectContaining({ errnoName: 'EPERM' }))
    expect(kernel.commands).toEqual(['BPF_BTF_LOAD'])
  })
})

describe('a helper that the kernel lacks', () => {
  const refusing = (log: string): FakeKernel =>
    new FakeKernel({
      BPF_PROG_LOAD: (request) => {
        if (request.readU32(24) === 1) write(request, 32, log)
        return -EINVAL
      },
    })

  it.each([
    'unknown func bpf_loop#181',
    'invalid func bpf_loop#181',
    'program of this type cannot use helper bpf_loop#181',
  ])('is named with the release that has it: %s', (log) => {
    expect(() => load(refusing(`0: (85) call bpf_loop#181\n${log}\n`))).toThrow(
      expect.objectContaining({
        code: 'KERNEL_FEATURE',
        message:
          'this kernel has no helper function bpf_loop for programs of type sched_cls; Linux 5.17 and later do',
        hint: 'Use a newer kernel, or do without it in program "p". Some program types got it later than others, and some attach points do not have it.',
      }),
    )
  })

  it('is a mistake in the program when no kernel gives it to this type of program', () => {
    const log = '0: (85) call bpf_xdp_adjust_head#44\nunknown func bpf_xdp_adjust_head#44\n'
    expect(() => load(refusing(log))).toThrow(VerifierError)
  })
})
