import { describe, expect, test } from 'vitest'
import { memberPath } from '../../../../src/asm/btf/layout.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { array as arrayMap, arrayOfMaps, hash } from '../../../../src/asm/dsl/map/definition.ts'
import { ElfError } from '../../../../src/asm/elf/error.ts'
import { programObject } from '../../../../src/asm/elf/program-object.ts'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import { callHelper, callKfunc, callKfuncById, callLocal } from '../../../../src/asm/isa/call.ts'
import { decode } from '../../../../src/asm/isa/decode.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { loadFunction, loadMap, loadMapFd } from '../../../../src/asm/isa/load-imm64.ts'
import { r0, r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { be16, u16, u64 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { readElf } from './read-elf.ts'

const Count = struct('count', { packets: u64 })
const Key = struct('key', { port: be16, pad: u16 })
const counts = arrayMap('counts', Count, { maxEntries: 4 })
const flows = hash('flows', Key, Count, { maxEntries: 8, flags: 1 })

function program(changes: Partial<ProgramSpec> = {}): ProgramSpec {
  return {
    name: 'prog',
    type: 'sched_cls',
    license: 'GPL',
    instructions: [mov64(r0, 0), exit()],
    functions: [{ name: changes.name ?? 'prog', start: 0 }],
    maps: [],
    kfuncs: [],
    ...changes,
  }
}

/** `r0 = *(size *)(r1 + struct.path)`. */
function loadField(struct: string, path: string, size: 1 | 2 | 4 | 8): Instruction {
  const opcode = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 }[size]
  return { opcode, dst: 0, src: 1, offset: 0, imm: 0, symbol: { kind: 'field', struct, path, size } }
}

/** The 32-bit words of one of the three parts of `.BTF.ext`, without the record size in front. */
function extPart(bytes: Uint8Array, part: 'funcs' | 'lines' | 'relocations'): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = 8 + { funcs: 0, lines: 8, relocations: 16 }[part]
  const start = view.getUint32(4, true) + view.getUint32(at, true)
  const length = view.getUint32(at + 4, true) / 4
  return Array.from({ length }, (_, i) => view.getUint32(start + i * 4, true)).slice(1)
}

describe('programObject', () => {
  test('a section per attach point, a symbol per program, the license', () => {
    const elf = readElf(
      programObject([
        program({ name: 'a' }),
        program({ name: 'b', instructions: [mov64(r0, 1), exit()] }),
        program({ name: 'c', type: 'xdp' }),
        program({ name: 'd', section: 'tcx/ingress' }),
      ]),
    )
    const functions = elf.symbols.filter(({ type }) => type === 2)
    expect(
      functions.map(({ name, section, value, size, binding }) => [name, section, value, size, binding]),
    ).toEqual([
      ['a', 'tc', 0, 16, 1],
      ['b', 'tc', 16, 16, 1],
      ['c', 'xdp', 0, 16, 1],
      ['d', 'tcx/ingress', 0, 16, 1],
    ])
    expect(new TextDecoder().decode(elf.section('license'))).toBe('GPL\0')
    expect(extPart(elf.section('.BTF.ext'), 'funcs').slice(0, 2)[1]).toBe(2)
  })

  test('maps are types in .maps, and every use of one is a relocation', () => {
    const elf = readElf(
      programObject([
        program({
          instructions: [loadMap(r1, 'flows'), loadMap(r2, 'counts'), mov64(r0, 0), exit()],
          maps: [flows.spec, counts.spec],
        }),
      ]),
    )
    expect(elf.relocations).toEqual([
      { section: 'tc', offset: 0, type: 1, symbol: 'flows' },
      { section: 'tc', offset: 16, type: 1, symbol: 'counts' },
    ])
    expect(decode(elf.section('tc'))[0]).toMatchObject({ src: 0, imm: 0 })
    const btf = Btf.parse(elf.section('.BTF'))
    const definition = (name: string): Record<string, number> => {
      const variable = btf.type(btf.findByName(name, 'var') ?? 0)
      const map = btf.type(variable.kind === 'var' ? variable.type : 0)
      if (map.kind !== 'struct') throw new Error(map.kind)
      return Object.fromEntries(
        map.members.map((member) => {
          const pointer = btf.type(member.type)
          const array = btf.type(pointer.kind === 'ptr' ? pointer.type : 0)
          return [
            member.name,
            array.kind === 'array' ? array.length : pointer.kind === 'ptr' ? pointer.type : 0,
          ]
        }),
      )
    }
    const map = definition('flows')
    expect(map).toMatchObject({ type: 1, max_entries: 8, map_flags: 1 })
    expect(btf.type(map.key ?? 0)).toMatchObject({ kind: 'struct', name: 'key' })
    expect(btf.type(definition('counts').value ?? 0)).toMatchObject({ kind: 'struct', name: 'count' })
    const section = btf.type(btf.findByName('.maps', 'datasec') ?? 0)
    expect(section).toMatchObject({ kind: 'datasec', size: elf.section('.maps').byteLength })
  })

  test('a map of maps carries its template', () => {
    const rings = arrayOfMaps('rings', counts, { maxEntries: 2 })
    const elf = readElf(
      programObject([
        program({ instructions: [loadMap(r1, 'rings'), mov64(r0, 0), exit()], maps: [rings.spec] }),
      ]),
    )
    const btf = Btf.parse(elf.section('.BTF'))
    const variable = btf.type(btf.findByName('rings', 'var') ?? 0)
    const type = variable.kind === 'var' ? variable.type : 0
    expect(btf.type(memberPath(btf, type, 'values').typeId)).toMatchObject({ kind: 'array', length: 0 })
  })

  test('members of kernel structs become CO-RE relocations on a struct of our own', () => {
    const path = 'tuplehash[1].tuple.port'
    const instructions = [
      loadField('nf_conn', 'mark', 4),
      loadField('nf_conn', path, 2),
      loadField('nf_conn', 'mark', 4),
      mov64(r0, 0),
      exit(),
    ]
    const elf = readElf(programObject([program({ instructions })]))
    const btf = Btf.parse(elf.section('.BTF'))
    const id = btf.findByName('nf_conn', 'struct') ?? 0
    const code = decode(elf.section('tc'))
    expect(code[0]?.offset).toBe(memberPath(btf, id, 'mark').offset)
    expect(code[1]?.offset).toBe(memberPath(btf, id, path).offset)
    const words = extPart(elf.section('.BTF.ext'), 'relocations')
    expect(words[1]).toBe(3)
    const strings = elf.section('.BTF')
    const records = [0, 1, 2].map((i) => words.slice(2 + i * 4, 6 + i * 4))
    expect(records.map(([offset, type, , kind]) => [offset, type, kind])).toEqual([
      [0, id, 0],
      [8, id, 0],
      [16, id, 0],
    ])
    expect(new TextDecoder().decode(strings)).toContain('\x000:1:1:0:0\0')
  })

  test('with a kernel’s types, pointers and enums stay what they are', () => {
    const writer = new BtfWriter()
    const values = [{ name: 'A', value: 0 }]
    writer.struct('obj', 16, [
      { name: 'next', type: writer.ptr(0), bitOffset: 0 },
      { name: 'state', type: writer.enum('states', 4, values), bitOffset: 64 },
    ])
    const kernel = Btf.parse(writer.finish())
    const instructions = [loadField('obj', 'next', 8), loadField('obj', 'state', 4), mov64(r0, 0), exit()]
    const kinds = (options: { kernel?: Btf }) => {
      const btf = Btf.parse(readElf(programObject([program({ instructions })], options)).section('.BTF'))
      return ['next', 'state'].map((name) => btf.kind(memberPath(btf, 'obj', name).typeId))
    }
    expect(kinds({ kernel })).toEqual(['ptr', 'enum'])
    expect(kinds({})).toEqual(['int', 'int'])
    const whole = program({ instructions: [loadField('outer', 'obj', 8), exit()] })
    const outer = new BtfWriter()
    const inner = outer.struct('inner', 8, [{ name: 'x', type: outer.int('long', 8), bitOffset: 0 }])
    outer.struct('outer', 8, [{ name: 'obj', type: inner, bitOffset: 0 }])
    expect(() => programObject([whole], { kernel: Btf.parse(outer.finish()) })).toThrow(
      /a struct in the kernel/,
    )
  })

  test('kernel functions are externs with the prototype they are declared with', () => {
    const kfuncs = [
      {
        name: 'bpf_f',
        parameters: ['nf_conn *', 'union nf_inet_addr *', 's32', 'enum nf_nat_manip_type'],
        returns: 'nf_conn *',
        since: '6.1',
      },
    ]
    const elf = readElf(programObject([program({ instructions: [callKfunc('bpf_f'), exit()], kfuncs })]))
    expect(elf.relocations).toEqual([{ section: 'tc', offset: 0, type: 10, symbol: 'bpf_f' }])
    expect(elf.symbols.find(({ name }) => name === 'bpf_f')).toMatchObject({
      section: '',
      binding: 1,
      type: 0,
    })
    expect(decode(elf.section('tc'))[0]).toMatchObject({ opcode: 0x85, src: 1, imm: -1, offset: 0 })
    const btf = Btf.parse(elf.section('.BTF'))
    const func = btf.type(btf.findByName('bpf_f', 'func') ?? 0)
    expect(func).toMatchObject({ kind: 'func', linkage: 'extern' })
    const proto = btf.type(func.kind === 'func' ? func.type : 0)
    if (proto.kind !== 'func_proto') throw new Error(proto.kind)
    const pointees = proto.parameters.map(({ type }) => {
      const parameter = btf.type(type)
      return parameter.kind === 'ptr' ? btf.kind(parameter.type) : parameter.kind
    })
    expect(pointees).toEqual(['struct', 'union', 'int', 'enum'])
    expect(btf.type(btf.findByName('.ksyms', 'datasec') ?? 0)).toMatchObject({
      variables: [{ offset: 0, size: 0 }],
    })
  })

  test('subprograms go to .text and are called by relocation', () => {
    const spec = program({
      instructions: [loadFunction(r2, 3), callLocal(3), exit(), mov64(r0, 1), exit(), mov64(r0, 2), exit()],
      functions: [
        { name: 'prog', start: 0 },
        { name: 'one', start: 3 },
        { name: 'two', start: 5 },
      ],
    })
    const elf = readElf(programObject([spec]))
    expect(
      elf.symbols
        .filter(({ section }) => section === '.text')
        .map(({ name, value, binding }) => [name, value, binding]),
    ).toEqual([
      ['', 0, 0],
      ['one', 0, 0],
      ['two', 16, 0],
    ])
    expect(elf.relocations).toEqual([
      // The address is a place in .text: its first byte.
      { section: 'tc', offset: 0, type: 1, symbol: '' },
      { section: 'tc', offset: 16, type: 10, symbol: 'two' },
    ])
    expect(decode(elf.section('tc')).map(({ imm, src }) => [imm, src])).toEqual([
      [0, 0],
      [-1, 1],
      [0, 0],
    ])
  })

  test.each<[string, readonly ProgramSpec[], RegExp]>([
    ['no program', [], /without a program/],
    ['two of a name', [program(), program()], /two programs/],
    ['two licenses', [program(), program({ name: 'b', license: 'MIT' })], /different licenses/],
    [
      'two maps of a name',
      [program({ maps: [counts.spec] }), program({ name: 'b', maps: [{ ...counts.spec, maxEntries: 9 }] })],
      /different map/,
    ],
    ['a type without a usual section', [program({ type: 'lsm' })], /needs a section name/],
    ['a section of the object itself', [program({ section: '.BTF' })], /cannot be in section/],
    ['a file descriptor', [program({ instructions: [loadMapFd(r1, 3), exit()] })], /file descriptor/],
    ['a BTF id', [program({ instructions: [callKfuncById(7), exit()] })], /by its id/],
    ['an undeclared map', [program({ instructions: [loadMap(r1, 'm'), exit()] })], /without declaring/],
    [
      'a member read in part',
      [program({ instructions: [{ ...loadField('s', 'm', 8), offset: 4 }, exit()] })],
      /in part/,
    ],
    [
      'a member read whole and in parts',
      [program({ instructions: [loadField('s', 'm', 8), loadField('s', 'm.x', 4), exit()] })],
      /as a whole and in parts/,
    ],
    ['a call into nowhere', [program({ instructions: [callLocal(0), exit()] })], /function at slot/],
  ])('refuses %s', (_, programs, message) => {
    expect(() => programObject(programs)).toThrow(ElfError)
    expect(() => programObject(programs)).toThrow(message)
  })

  test('helpers need nothing', () => {
    const elf = readElf(programObject([program({ instructions: [callHelper(7), exit()] })]))
    expect(elf.relocations).toEqual([])
    expect(decode(elf.section('tc'))[0]).toMatchObject({ src: 0, imm: 7 })
  })
})
