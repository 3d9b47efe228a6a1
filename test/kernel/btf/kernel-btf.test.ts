import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { memberPath, sizeOf } from '../../../src/asm/btf/layout.ts'
import { programBtf } from '../../../src/asm/btf/program-btf.ts'
import { comparePrototype, describePrototype } from '../../../src/asm/btf/prototype.ts'
import { Btf } from '../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../src/asm/btf/writer.ts'
import type { Instruction } from '../../../src/asm/isa/instruction.ts'
import { type ProgramSpec, type ProgramType, programTypes } from '../../../src/asm/program.ts'
import { PointerScope, SyscallError, syscall } from '../../../src/loader/ffi.ts'
import { syscallNumber } from '../../../src/loader/syscall-numbers.ts'
import { describe, test, testUnless } from '../support/kernel-test.ts'

/** Commands of bpf(2) (include/uapi/linux/bpf.h). */
const progLoad = 5
const btfLoad = 18

const decoder = new TextDecoder()

function logText(log: Uint8Array): string {
  return decoder.decode(log.subarray(0, log.indexOf(0)))
}

/** Calls bpf(2), closes the file descriptor it gives, and returns the log. @throws {Error} with the log */
function bpf(command: number, attribute: Uint8Array, log: Uint8Array): string {
  let fd: number
  try {
    fd = syscall('bpf', syscallNumber('bpf'), command, attribute, attribute.length)
  } catch (error) {
    if (error instanceof SyscallError) throw new Error(`${error.message}\n${logText(log)}`, { cause: error })
    throw error
  }
  syscall('close', syscallNumber('close'), fd)
  return logText(log)
}

/** As {@link bpf}, for BPF_BTF_LOAD; `use` gets the file descriptor before it is closed. */
function withBtf<T>(blob: Uint8Array, use: (fd: number) => T): T {
  const pointers = new PointerScope()
  const log = new Uint8Array(65536)
  const attribute = new Uint8Array(28)
  const view = new DataView(attribute.buffer)
  view.setBigUint64(0, pointers.address(blob), true)
  view.setBigUint64(8, pointers.address(log), true)
  view.setUint32(16, blob.length, true)
  view.setUint32(20, log.length, true)
  view.setUint32(24, 1, true)
  let fd: number
  try {
    fd = syscall('bpf', syscallNumber('bpf'), btfLoad, attribute, attribute.length)
  } catch (cause) {
    throw new Error(`BPF_BTF_LOAD failed:\n${logText(log)}`, { cause })
  } finally {
    pointers.release()
  }
  try {
    return use(fd)
  } finally {
    syscall('close', syscallNumber('close'), fd)
  }
}

/** Encodes instructions without any 16-bit offset or register but r0–r9. */
function encode(instructions: readonly Instruction[]): Uint8Array {
  const slots = instructions.flatMap((i) =>
    i.opcode === 0x18 ? [i, { ...i, opcode: 0, dst: 0, imm: 0 }] : [i],
  )
  const bytes = new Uint8Array(slots.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [slot, { opcode, dst, src, imm }] of slots.entries()) {
    view.setUint8(slot * 8, opcode)
    view.setUint8(slot * 8 + 1, dst | (src << 4))
    view.setInt32(slot * 8 + 4, imm, true)
  }
  return bytes
}

/** Loads a program with its BTF and unloads it. @returns the verifier's log */
function loadProgram(spec: ProgramSpec, expectedAttachType = 0): string {
  const info = programBtf(spec, { lineText: (_, line) => `source text ${line}` })
  return withBtf(info.btf, (btfFd) => {
    const pointers = new PointerScope()
    const code = encode(spec.instructions)
    const log = new Uint8Array(1 << 20)
    const attribute = new Uint8Array(112)
    const view = new DataView(attribute.buffer)
    view.setUint32(0, programTypes[spec.type], true)
    view.setUint32(4, code.length / 8, true)
    view.setBigUint64(8, pointers.address(code), true)
    view.setBigUint64(16, pointers.address(new TextEncoder().encode(`${spec.license}\0`)), true)
    view.setUint32(24, 2, true)
    view.setUint32(28, log.length, true)
    view.setBigUint64(32, pointers.address(log), true)
    view.setUint32(68, expectedAttachType, true)
    view.setUint32(72, btfFd, true)
    view.setUint32(76, info.funcInfoRecordSize, true)
    view.setBigUint64(80, pointers.address(info.funcInfo), true)
    view.setUint32(88, info.funcInfo.length / info.funcInfoRecordSize, true)
    view.setUint32(92, info.lineInfoRecordSize, true)
    view.setBigUint64(96, pointers.address(info.lineInfo), true)
    view.setUint32(104, info.lineInfo.length / info.lineInfoRecordSize, true)
    try {
      return bpf(progLoad, attribute, log)
    } finally {
      pointers.release()
    }
  })
}

function at(line: number): { source: { file: string; line: number; column: number } } {
  return { source: { file: '/somewhere/lb.ts', line, column: 3 } }
}

const plain = { dst: 0, src: 0, offset: 0, imm: 0 }
const exit = { ...plain, opcode: 0x95 }

/** r2 = 2^32-and-more; r1 = 1; call helper; exit — helper: r0 = r1; r0 += r2; r0 = 0; exit. */
function twoFunctions(type: ProgramType): ProgramSpec {
  return {
    name: 'two',
    type,
    license: 'GPL',
    instructions: [
      { ...plain, opcode: 0x18, dst: 2, imm: 5, ...at(10) },
      { ...plain, opcode: 0xb7, dst: 1, imm: 1, ...at(11) },
      { ...plain, opcode: 0x85, src: 1, imm: 1, ...at(12) },
      exit,
      { ...plain, opcode: 0xbf, src: 1, ...at(20) },
      { ...plain, opcode: 0x0f, src: 2, ...at(21) },
      { ...plain, opcode: 0xb7 },
      exit,
    ],
    functions: [
      { name: 'entry', start: 0 },
      { name: 'helper', start: 4 },
    ],
    maps: [],
    kfuncs: [],
  }
}

describe('the kernel takes what BtfWriter writes', () => {
  test('every kind', () => {
    const writer = new BtfWriter()
    const node = writer.reserve()
    const int = writer.int('int', 4, { signed: true })
    const unsigned = writer.int('unsigned int', 4)
    const flag = writer.int('bool', 1, { bool: true })
    writer.int('char', 1, { char: true })
    const next = writer.ptr(writer.typeTag('rcu', node))
    const kind = writer.enum('kind', 4, [{ name: 'NONE', value: -1 }], true)
    const tcp = writer.union('', 8, [
      { name: 'words', type: writer.array(int, unsigned, 2), bitOffset: 0 },
      { name: 'ratio', type: writer.float('double', 8), bitOffset: 0 },
    ])
    writer.define(node, {
      kind: 'struct',
      name: 'node',
      size: 32,
      members: [
        { name: 'next', type: next, bitOffset: 0, bitSize: 0 },
        { name: 'low', type: unsigned, bitOffset: 64, bitSize: 3 },
        { name: 'high', type: unsigned, bitOffset: 67, bitSize: 7 },
        { name: 'kind', type: kind, bitOffset: 96, bitSize: 0 },
        { name: '', type: tcp, bitOffset: 128, bitSize: 0 },
        { name: 'flag', type: flag, bitOffset: 192, bitSize: 0 },
      ],
    })
    writer.fwd('elsewhere', true)
    const word = writer.typedef('word', writer.const(writer.volatile(int)))
    const restricted = writer.restrict(writer.ptr(word))
    writer.enum64(
      'wide',
      8,
      [
        { name: 'MIN', value: -(2n ** 63n) },
        { name: 'MAX', value: 2n ** 63n - 1n },
      ],
      true,
    )
    const proto = writer.funcProto(int, [
      { name: 'a', type: restricted },
      { name: 'b', type: next },
    ])
    const main = writer.func('main', proto, 'global')
    writer.declTag('first', main, 0)
    writer.declTag('whole', node)
    const counter = writer.var('counter', int, 'global')
    writer.datasec('.data', 8, [{ type: counter, offset: 4, size: 4 }])
    withBtf(writer.finish(), (fd) => expect(fd).toBeGreaterThan(0))
  })

  test('and refuses what it should, so the test above can fail', () => {
    const writer = new BtfWriter()
    writer.struct('s', 4, [{ name: 'm', type: writer.int('int', 4), bitOffset: 32 }])
    expect(() => withBtf(writer.finish(), () => {})).toThrow(/exceeds struct_size/)
  })
})

describe('the kernel takes the BTF of programs', () => {
  test.each([
    'sched_cls',
    'sched_act',
    'xdp',
    'socket_filter',
    'kprobe',
    'tracepoint',
    'raw_tracepoint',
    'cgroup_skb',
  ] as const)('of type %s, and the verifier names lines of both functions', (type) => {
    const log = loadProgram(twoFunctions(type))
    for (const line of [10, 11, 12, 20, 21]) {
      expect(log).toContain(`; source text ${line}`)
      // The place follows the text since Linux 6.10.
      if (log.includes(' @ ')) expect(log).toContain(`; source text ${line} @ lb.ts:${line}`)
    }
  })

  test('a program without any source', () => {
    const spec = twoFunctions('sched_cls')
    const bare = spec.instructions.map(({ opcode, dst, src, offset, imm }) => ({
      opcode,
      dst,
      src,
      offset,
      imm,
    }))
    expect(loadProgram({ ...spec, instructions: bare })).toContain('processed')
  })
})

describe('the running kernel', () => {
  const bytes = readFileSync('/sys/kernel/btf/vmlinux')
  const btf = Btf.parse(bytes)

  test('has its basic types where the ABI says', () => {
    expect(btf.typeCount).toBeGreaterThan(10_000)
    expect(memberPath(btf, 'iphdr', 'daddr')).toMatchObject({ offset: 16, size: 4 })
    expect(memberPath(btf, 'iphdr', 'ihl')).toMatchObject({ offset: 0, size: 1, bitOffset: 0, bitSize: 4 })
    expect(memberPath(btf, 'tcphdr', 'syn')).toMatchObject({ offset: 13, size: 1, bitOffset: 1, bitSize: 1 })
    expect(memberPath(btf, '__sk_buff', 'len')).toMatchObject({ offset: 0, size: 4 })
    expect(memberPath(btf, '__sk_buff', 'cb[4]')).toMatchObject({ offset: 64, size: 4 })
    expect(sizeOf(btf, btf.findByName('iphdr', 'struct') ?? 0)).toBe(20)
  })

  test('every member of every struct that has a name is where its struct says', () => {
    const step = Math.ceil(btf.typeCount / 20_000)
    let members = 0
    for (let id = 1; id <= btf.typeCount; id += step) {
      const type = btf.type(id)
      if (type.kind !== 'struct' && type.kind !== 'union') continue
      for (const member of type.members) {
        if (member.name === '' || member.bitSize > 0) continue
        const found = memberPath(btf, id, member.name)
        expect(found.offset * 8).toBe(member.bitOffset)
        expect(found.offset + found.size).toBeLessThanOrEqual(type.size)
        members++
      }
    }
    expect(members).toBeGreaterThan(100)
  })

  test('every record can be decoded, and written again it decodes to the same', () => {
    const writer = new BtfWriter()
    for (let id = 1; id <= btf.typeCount; id++) {
      const type = btf.type(id)
      // Kinds newer than this package cannot be written; none of them exists up to Linux 7.0.
      writer.add(type.kind === 'void' || type.kind === 'unknown' ? { kind: 'ptr', type: 0 } : type)
    }
    const again = Btf.parse(writer.finish({ littleEndian: false }))
    expect(again.typeCount).toBe(btf.typeCount)
    for (let id = 1; id <= btf.typeCount; id += 97) expect(again.type(id)).toEqual(btf.type(id))
  })

  const names = ['bpf_skb_ct_lookup', 'bpf_ct_set_nat_info', 'bpf_ct_insert_entry']
  const notBuiltIn = (): string | undefined =>
    btf.findAll(names, 'func').size < names.length ? 'has no conntrack built in' : undefined

  testUnless(notBuiltIn, 'has the conntrack kfuncs with the prototypes we rely on', () => {
    const ids = btf.findAll(names, 'func')
    const compare = (name: string, parameters: string[], returns: string) =>
      comparePrototype(btf, ids.get(name) ?? 0, { name, parameters, returns, since: '6.1' })
    const lookup = ['__sk_buff *', 'bpf_sock_tuple *', 'u32', 'bpf_ct_opts *', 'u32']
    expect(compare('bpf_skb_ct_lookup', lookup, 'nf_conn *')).toEqual([])
    expect(compare('bpf_ct_insert_entry', ['nf_conn___init *'], 'nf_conn *')).toEqual([])
    expect(
      compare('bpf_ct_set_nat_info', ['nf_conn___init *', 'nf_inet_addr *', 'u32', 'u32'], 'u32'),
    ).toEqual([])
    expect(compare('bpf_ct_insert_entry', ['nf_conn *'], 'nf_conn *')).toHaveLength(1)
    expect(describePrototype(btf, ids.get('bpf_ct_insert_entry') ?? 0).returns).toBe('nf_conn *')
    const original = memberPath(btf, 'nf_conn', 'tuplehash[0].tuple.src.u3.ip')
    const reply = memberPath(btf, 'nf_conn', 'tuplehash[1].tuple.src.u3.ip')
    expect(reply.offset - original.offset).toBe(
      sizeOf(btf, btf.findByName('nf_conntrack_tuple_hash', 'struct') ?? 0),
    )
  })
})
