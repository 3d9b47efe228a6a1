import { describe, expect, test } from 'vitest'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { comparePrototype, describePrototype } from '../../../../src/asm/btf/prototype.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

// struct nf_conn *lookup(const struct sk *skb, u32 len, enum e how, void *any, char **names, bool *flag, ...)
const writer = new BtfWriter()
const u8 = writer.int('unsigned char', 1)
const int = writer.int('int', 4, { signed: true })
const u32 = writer.typedef('u32', writer.int('unsigned int', 4))
const bool = writer.int('_Bool', 1, { bool: true })
const conn = writer.struct('nf_conn', 248, [])
const skb = writer.fwd('sk')
const how = writer.enum('e', 4, [])
const names = writer.ptr(writer.ptr(u8))
const parameters = [
  { name: 'skb', type: writer.ptr(writer.const(skb)) },
  { name: 'len', type: writer.const(u32) },
  { name: 'how', type: how },
  { name: 'any', type: writer.ptr(0) },
  { name: 'names', type: names },
  { name: '', type: writer.ptr(bool) },
]
const lookup = writer.func('lookup', writer.funcProto(writer.ptr(conn), parameters), 'global')
const print = writer.func(
  'print',
  writer.funcProto(0, [
    { name: 'fmt', type: writer.ptr(u8) },
    { name: '', type: 0 },
  ]),
  'global',
)
const odd = writer.func(
  'odd',
  writer.funcProto(int, [
    { name: 'c', type: conn },
    { name: 'f', type: writer.float('double', 8) },
    { name: 'callback', type: writer.ptr(writer.funcProto(0, [])) },
  ]),
  'global',
)
const broken = writer.func('broken', int, 'global')
const btf = Btf.parse(writer.finish())

const spec = {
  name: 'lookup',
  parameters: ['sk *', 'u32', 'u32', 'void *', 'u8 **', 'bool *'],
  returns: 'nf_conn *',
  since: '6.1',
}

describe('describePrototype', () => {
  test('writes a prototype in the notation of kfunc declarations', () => {
    expect(describePrototype(btf, lookup)).toEqual({
      name: 'lookup',
      parameters: ['sk *', 'u32', 'u32', 'void *', 'u8 **', 'bool *'],
      parameterNames: ['skb', 'len', 'how', 'any', 'names', ''],
      returns: 'nf_conn *',
    })
    expect(describePrototype(btf, print)).toMatchObject({ parameters: ['u8 *', '...'], returns: 'void' })
    expect(describePrototype(btf, odd)).toMatchObject({
      parameters: ['struct nf_conn', 'float64', 'void *'],
      returns: 's32',
    })
  })

  test('refuses what is not a function', () => {
    for (const [id, code] of [
      [int, 'BTF_NO_TYPE'],
      [0, 'BTF_NO_TYPE'],
      [broken, 'BTF_MALFORMED'],
    ] as const)
      expect(() => describePrototype(btf, id)).toThrow(expect.objectContaining({ code }))
  })
})

describe('comparePrototype', () => {
  test('a description of itself has no differences', () => {
    expect(comparePrototype(btf, lookup, spec)).toEqual([])
  })

  test.each([
    ['signs', ['sk *', 's32', 'int', 'void *', 's8 **', 'bool *']],
    ['byte order', ['sk *', 'be32', 'u32', 'void *', 'u8 **', 'u8 *']],
    [
      'qualifiers and the word struct',
      ['const struct sk *', 'const u32', 'u32', 'void*', 'char * *', 'bool *'],
    ],
    ['which pointer is void *', ['void *', 'u32', 'u32', 'nf_conn *', 'void *', 'void *']],
  ])('does not look at %s', (_, declared) => {
    expect(comparePrototype(btf, lookup, { ...spec, parameters: declared })).toEqual([])
  })

  test.each([
    [0, 'nf_conn *', 'parameter 1 (skb) is sk *, declared as nf_conn *'],
    [0, 'u64', 'parameter 1 (skb) is sk *, declared as u64'],
    [1, 'u64', 'parameter 2 (len) is u32, declared as u64'],
    [1, 'u32 *', 'parameter 2 (len) is u32, declared as u32 *'],
    [1, 'void *', 'parameter 2 (len) is u32, declared as void *'],
    [1, 'constructor', 'parameter 2 (len) is u32, declared as constructor'],
    [4, 'u8 *', 'parameter 5 (names) is u8 **, declared as u8 *'],
    [5, 'u16 *', 'parameter 6 is bool *, declared as u16 *'],
  ])('parameter %d declared as %s differs', (index, declared, difference) => {
    const changed = spec.parameters.with(index, declared)
    expect(comparePrototype(btf, lookup, { ...spec, parameters: changed })).toEqual([difference])
  })

  test('tells number of parameters, result and name apart, all at once', () => {
    expect(
      comparePrototype(btf, lookup, { name: 'find', parameters: ['sk *'], returns: 'void', since: '6.1' }),
    ).toEqual([
      'it is called lookup, not find',
      'it takes 6 parameters (sk *, u32, u32, void *, u8 **, bool *), declared with 1',
      'it returns nf_conn *, declared as void',
    ])
  })

  test('enums and unions may be called what they are', () => {
    const writer = new BtfWriter()
    const addr = writer.ptr(writer.union('nf_inet_addr', 16, []))
    const manip = writer.enum('nf_nat_manip_type', 4, [{ name: 'SRC', value: 0 }])
    const int = writer.int('int', 4, { signed: true })
    const parameters = [addr, manip, int].map((type) => ({ name: '', type }))
    const id = writer.func('set', writer.funcProto(int, parameters), 'global')
    const kernel = Btf.parse(writer.finish())
    const declared = (...types: string[]) =>
      comparePrototype(kernel, id, { name: 'set', parameters: types, returns: 's32', since: '6.1' })
    expect(declared('union nf_inet_addr *', 'enum nf_nat_manip_type', 's32')).toEqual([])
    expect(declared('nf_inet_addr *', 'u32', 's32')).toEqual([])
    expect(declared('union other *', 'enum nf_nat_manip_type', 's32')).toHaveLength(1)
    expect(declared('enum nf_nat_manip_type', 'u64', 's32')).toHaveLength(2)
  })

  test('a struct passed by value agrees with nothing', () => {
    const differences = comparePrototype(btf, odd, {
      name: 'odd',
      parameters: ['nf_conn', 'u64', 'void *'],
      returns: 'u32',
      since: '6.1',
    })
    expect(differences).toHaveLength(2)
  })

  test.each(['', '*', 'nf_conn * x', 'u32[4]', '...x', `${'a'.repeat(5000)}!`])(
    'refuses "%s" as a declaration',
    (declared) => {
      const changed = spec.parameters.with(1, declared)
      expect(() => comparePrototype(btf, lookup, { ...spec, parameters: changed })).toThrow(BtfError)
    },
  )
})
