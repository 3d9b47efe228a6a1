import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import { tc } from '../../../../../src/asm/dsl/program/program.ts'
import { be16, be32, u8, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../../src/asm/layout/struct.ts'
import { parseFormat } from '../../../../../src/asm/text/printk-format.ts'
import { runTc } from '../../../../../src/asm/vm/run-tc.ts'
import { here, report } from '../build-failure.ts'

const Six = struct('six', { address: array(be32, 4) })
const Name = struct('name', { text: array(u8, 4) })
const Values = struct('values', { narrow: u32, wide: u64, port: be16, address: be32 })

function lines(write: (b: ProgramBuilder<'sched_cls'>) => void): string[] {
  const printed: string[] = []
  const program = tc('print', (b) => {
    write(b)
    b.return(0)
  })
  runTc(program, new Uint8Array(64), { print: (line) => printed.push(line) })
  return printed
}

test('what the interpreter prints', () => {
  expect(
    lines((b) => {
      const v = b.stack(Values, { narrow: 5, wide: 2n ** 40n, address: 0x0a000001 })
      b.printk('plain 100%%')
      b.printk('%d %5u|%-4x|%04X', -1, v.narrow, 255, 255)
      b.printk('%llu %lld', v.wide, -3)
      b.printk('%pI4 %pI6', v.address, b.stack(Six, { address: [0x20010db8, 0, 0, 1] }))
      b.printk('%s%c', b.stack(Name, { text: [111, 107, 0, 120] }), 33)
      b.printk('%d %d %d %d %d', 1, 2, 3, 4, v.narrow)
    }),
  ).toEqual([
    'plain 100%',
    '-1     5|ff  |00FF',
    '1099511627776 -3',
    '10.0.0.1 2001:0db8:0000:0000:0000:0000:0000:0001',
    'ok!',
    '1 2 3 4 5',
  ])
})

test('three arguments at most go in registers', () => {
  const called = (count: number): string[] => {
    const program = tc('print', (b) => {
      b.printk('%d '.repeat(count) as string, ...new Array(count).fill(1))
      b.return(0)
    })
    return program.instructions.flatMap(({ symbol }) => (symbol?.kind === 'helper' ? [symbol.name] : []))
  }
  expect([called(0), called(3), called(4), called(12)].flat()).toEqual([
    'bpf_trace_printk',
    'bpf_trace_printk',
    'bpf_trace_vprintk',
    'bpf_trace_vprintk',
  ])
})

describe('mistakes', () => {
  type Loose = { printk(format: string, ...args: unknown[]): void }
  const cases: Readonly<
    Record<string, readonly [string, readonly string[], (b: ProgramBuilder) => unknown[]]>
  > = {
    'too few arguments': ['%d %d', ['the format asks for 2 arguments, 1 is given'], () => [1]],
    'too many arguments': ['x', ['the format asks for 0 arguments, 2 are given'], () => [1, 2]],
    'more than the kernel takes': [
      '%d'.repeat(13),
      ['a line takes 12 arguments at most'],
      () => new Array(13).fill(0),
    ],
    'an unknown conversion': [
      'at %f',
      [
        'there is no conversion "%f"',
        'There are %d %u %x (32 bits), %lld %llu %llx (64 bits), %c, %s, %p, %ps, %pI4, %pI6, %%.',
      ],
      () => [1],
    ],
    '64 bits where 32 are printed': [
      '%d',
      [
        'argument 1 is a u64, %d prints a host-order number of 32 bits',
        'Write %lld, or narrow it with toU32().',
      ],
      (b) => [b.stack(Values).wide],
    ],
    'network order': [
      '%d %u',
      ['argument 2 is a be16, %u prints a host-order number of 32 bits', 'Convert it with toHost().'],
      (b) => [1, b.stack(Values).port],
    ],
    'a number as a string': [
      '%s',
      ['argument 1 is not in memory, %s prints a string', 'Pass the struct or array that holds it.'],
      () => [7],
    ],
    'too little memory for an address': [
      '%pI6',
      ['argument 1 is 4 bytes, %pI6 prints an IPv6 address', 'Pass 16 bytes.'],
      (b) => [b.stack(Name)],
    ],
    'something else than a number': [
      '%d',
      [
        'argument 1 is no number, %d prints a host-order number of 32 bits',
        'Pass a value of the program or a literal.',
      ],
      () => ['7'],
    ],
  }
  for (const [name, [format, [message, hint], args]] of Object.entries(cases))
    test(name, () => {
      let at = ''
      const lines = report((b) => {
        const given = args(b)
        at = here(1)
        ;(b as unknown as Loose).printk(format, ...given)
      })
      expect(lines).toEqual(['FORMAT', `${message} (${at})`, hint].filter((line) => line !== undefined))
    })
})

test('a format string is taken apart without loss', () => {
  const piece = fc.oneof(
    fc.constantFrom('%d', '%-5u', '%08llx', '%lX', '%c', '%s', '%p', '%pK', '%ps', '%pI4', '%pI6', '%i'),
    fc.string().map((text) => text.replaceAll('%', '%%')),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      // A letter or digit right behind a pointer would be read as a part of it.
      const format = pieces.join(' ')
      const back = parseFormat(format)
        .map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : part.text))
        .join('')
      expect(back).toBe(format)
    }),
  )
})
