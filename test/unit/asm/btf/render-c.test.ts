import { describe, expect, test } from 'vitest'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { renderC } from '../../../../src/asm/btf/render/c.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

/** The C of one type, without what stands around it in every file. */
function render(write: (writer: BtfWriter) => number): string {
  const writer = new BtfWriter()
  const id = write(writer)
  const text = renderC(Btf.parse(writer.finish()), [id])
  const body = /#define __TSBPF_TYPES_POP\n#endif\n\n([\s\S]*)#ifdef __TSBPF_TYPES_POP/.exec(text)
  return body?.[1]?.trim() ?? text
}

describe('renderC', () => {
  test('writes what a struct holds in front of it, and declares what it points to', () => {
    const text = render((writer) => {
      const int = writer.int('int', 4, { signed: true })
      const inner = writer.struct('inner', 4, [{ name: 'x', type: int, bitOffset: 0 }])
      const other = writer.struct('other', 4, [{ name: 'x', type: int, bitOffset: 0 }])
      const alias = writer.typedef('inner_t', inner)
      return writer.struct('outer', 16, [
        { name: 'in', type: alias, bitOffset: 0 },
        { name: 'next', type: writer.ptr(other), bitOffset: 64 },
      ])
    })
    expect(text).toBe(
      `struct inner;

typedef struct inner inner_t;

struct inner {
	int x;
};

struct other;

struct outer {
	inner_t in;
	struct other *next;
};`,
    )
  })

  test('a struct that points to itself', () => {
    const text = render((writer) => {
      const node = writer.reserve()
      const next = { name: 'next', type: writer.ptr(node), bitOffset: 0, bitSize: 0 }
      writer.define(node, { kind: 'struct', name: 'node', size: 8, members: [next] })
      return node
    })
    expect(text).toBe('struct node;\n\nstruct node {\n\tstruct node *next;\n};')
  })

  test('arrays, pointers, functions and qualifiers bind as in C', () => {
    const text = render((writer) => {
      const int = writer.int('int', 4, { signed: true })
      const char = writer.int('char', 1, { signed: true })
      const table = writer.array(writer.array(int, int, 3), int, 2)
      const proto = writer.funcProto(int, [
        { name: 'text', type: writer.ptr(writer.const(char)) },
        { name: '', type: 0 },
      ])
      const handlers = writer.array(writer.ptr(proto), int, 4)
      return writer.struct('s', 72, [
        { name: 'table', type: table, bitOffset: 0 },
        { name: 'row', type: writer.ptr(writer.array(int, int, 3)), bitOffset: 192 },
        { name: 'handlers', type: handlers, bitOffset: 256 },
        { name: 'fixed', type: writer.const(writer.ptr(writer.volatile(int))), bitOffset: 512 },
      ])
    })
    expect(text).toBe(
      `struct s {
	int table[2][3];
	int (*row)[3];
	int (*handlers[4])(const char *text, ...);
	volatile int *const fixed;
};`,
    )
  })

  test('gaps, bit-fields, anonymous members and packing keep members in their places', () => {
    const text = render((writer) => {
      const u8 = writer.int('unsigned char', 1)
      const u32 = writer.int('unsigned int', 4)
      const anonymous = writer.union('', 4, [
        { name: 'word', type: u32, bitOffset: 0 },
        { name: 'bytes', type: writer.array(u8, u32, 4), bitOffset: 0 },
      ])
      return writer.struct('s', 24, [
        { name: 'low', type: u32, bitOffset: 0, bitSize: 3 },
        { name: 'high', type: u32, bitOffset: 5, bitSize: 2 },
        { name: '', type: anonymous, bitOffset: 32 },
        { name: 'late', type: u8, bitOffset: 96 },
      ])
    })
    expect(text).toBe(
      `struct s {
	unsigned int low: 3;
	char: 2;
	unsigned int high: 2;
	union {
		unsigned int word;
		unsigned char bytes[4];
	};
	int: 32;
	unsigned char late;
	char: 8;
	short: 16;
	long: 64;
};`,
    )
    const packed = render((writer) => {
      const u8 = writer.int('unsigned char', 1)
      const u32 = writer.int('unsigned int', 4)
      return writer.struct('p', 5, [
        { name: 'a', type: u8, bitOffset: 0 },
        { name: 'b', type: u32, bitOffset: 8 },
      ])
    })
    expect(packed).toContain('} __attribute__((packed));')
  })

  test('two types of one name get different names; an enum has its size', () => {
    const text = render((writer) => {
      const int = writer.int('int', 4, { signed: true })
      const first = writer.struct('twin', 4, [{ name: 'a', type: int, bitOffset: 0 }])
      const second = writer.struct('twin', 4, [{ name: 'b', type: int, bitOffset: 0 }])
      const small = writer.enum('small', 1, [
        { name: 'NO', value: 0 },
        { name: 'YES', value: 1 },
      ])
      return writer.struct('s', 12, [
        { name: 'x', type: first, bitOffset: 0 },
        { name: 'y', type: second, bitOffset: 32 },
        { name: 'z', type: small, bitOffset: 64 },
      ])
    })
    expect(text).toContain('struct twin x;\n\tstruct twin___2 y;')
    expect(text).toContain('enum small {\n\tNO = 0,\n\tYES = 1,\n} __attribute__((mode(QI)));')
  })

  test('functions and variables are declared', () => {
    const text = render((writer) => {
      const int = writer.int('int', 4, { signed: true })
      const sock = writer.ptr(writer.fwd('sock'))
      return writer.func('f', writer.funcProto(int, [{ name: 'sk', type: sock }]), 'global')
    })
    expect(text).toBe('struct sock;\n\nextern int f(struct sock *sk);')
  })

  test('a struct inside itself is malformed', () => {
    expect(() =>
      render((writer) => {
        const self = writer.reserve()
        const member = { name: 'me', type: self, bitOffset: 0, bitSize: 0 }
        writer.define(self, { kind: 'struct', name: 'self', size: 8, members: [member] })
        return self
      }),
    ).toThrow(BtfError)
  })
})
