import { describe, expect, test } from 'vitest'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { renderTypeScript } from '../../../../src/asm/btf/render/typescript.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

function render(write: (writer: BtfWriter) => number[]): string {
  const writer = new BtfWriter()
  const ids = write(writer)
  return renderTypeScript(Btf.parse(writer.finish()), ids)
}

describe('renderTypeScript', () => {
  test('a header becomes a struct: byte order, bit-fields, unions, arrays, padding', () => {
    const text = render((writer) => {
      const u8 = writer.int('unsigned char', 1)
      const u16 = writer.int('unsigned short', 2)
      const u32 = writer.int('unsigned int', 4)
      const be16 = writer.typedef('__be16', u16)
      const be32 = writer.typedef('__be32', u32)
      const both = writer.union('', 4, [
        { name: 'addr', type: be32, bitOffset: 0 },
        { name: 'bytes', type: writer.array(u8, u32, 4), bitOffset: 0 },
      ])
      return [
        writer.struct('my_hdr', 20, [
          { name: 'ihl', type: u8, bitOffset: 0, bitSize: 4 },
          { name: 'version', type: u8, bitOffset: 4, bitSize: 4 },
          { name: 'port', type: be16, bitOffset: 16 },
          { name: '', type: both, bitOffset: 32 },
          { name: 'mac', type: writer.array(u8, u32, 6), bitOffset: 64 },
          { name: 'tail', type: u32, bitOffset: 128 },
        ]),
      ]
    })
    expect(text).toBe(
      `import { array, be16, be32, struct, u32, u8 } from 'tsbpf-lb/asm'

/** \`struct my_hdr\`, 20 bytes. */
export const MyHdr = struct('my_hdr', {
  ihl_version: u8, // 0: ihl bits 0–3, version bits 4–7
  padding1: u8, // 1: padding
  port: be16, // 2: __be16 port
  addr: be32, // 4: __be32 addr; or unsigned char bytes[4]
  mac: array(u8, 6), // 8: unsigned char mac[6]
  padding14: array(u8, 2), // 14: padding
  tail: u32, // 16: unsigned int tail
})
`,
    )
  })

  test('a struct inside a struct comes first; members out of line make it packed', () => {
    const text = render((writer) => {
      const u8 = writer.int('unsigned char', 1)
      const u32 = writer.int('unsigned int', 4)
      const inner = writer.struct('inner', 4, [{ name: 'x', type: u32, bitOffset: 0 }])
      return [
        writer.struct('outer', 5, [
          { name: 'a', type: u8, bitOffset: 0 },
          { name: 'b', type: inner, bitOffset: 8 },
        ]),
      ]
    })
    expect(text).toContain('export const Inner = struct(')
    expect(text.indexOf('const Inner')).toBeLessThan(text.indexOf('const Outer'))
    expect(text).toContain('  b: Inner, // 1: struct inner b\n}, { packed: true })')
  })

  test('what has pointers is an object of the kernel, read by paths; nothing of a failed try is left', () => {
    const text = render((writer) => {
      const u32 = writer.int('unsigned int', 4)
      const char = writer.int('char', 1, { signed: true })
      const inner = writer.struct('inner', 4, [{ name: 'x', type: u32, bitOffset: 0 }])
      return [
        writer.struct('object', 48, [
          { name: 'two', type: writer.array(inner, u32, 2), bitOffset: 0 },
          { name: 'next', type: writer.ptr(inner), bitOffset: 64 },
          { name: 'flag', type: u32, bitOffset: 128, bitSize: 1 },
          { name: 'name', type: writer.array(char, u32, 16), bitOffset: 160 },
        ]),
      ]
    })
    expect(text).toBe(
      `import { kernelType, member, u32, u64 } from 'tsbpf-lb/asm'

/** \`struct object\`, 48 bytes here; found anew on the kernel that a program is loaded into. */
export const Object = kernelType('object', {
  two0X: member('two[0].x', u32), // 0: unsigned int x
  two1X: member('two[1].x', u32), // 4: unsigned int x
  next: u64, // 8: struct inner *next
  // 16: unsigned int flag: 1, bit-field
  // 20: char name[16]
})
`,
    )
  })

  test('an enum becomes an object; a function has no declaration', () => {
    const values = [{ name: 'ONE', value: 1 }]
    expect(render((writer) => [writer.enum('numbers', 4, values)])).toContain(
      'export const Numbers = {\n  ONE: 1,\n} as const',
    )
    expect(() => render((writer) => [writer.int('int', 4)])).toThrow(/kind int/)
  })
})
