import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disassembleX86 } from '../../../../src/asm/machine-code/x86-64.ts'

function texts(hex: string, address = 0n): string[] {
  return disassembleX86(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')), address).map(
    ({ text }) => text,
  )
}

/** As llvm-mc prints them; that all that a kernel emits is so, test/kernel/machine-code sees. */
test.each([
  ['f3 0f 1e fa', 'endbr64'],
  ['0f 1f 44 00 00', 'nopl (%rax,%rax)'],
  ['66 90', 'nop'],
  ['55', 'pushq %rbp'],
  ['48 89 e5', 'movq %rsp, %rbp'],
  ['48 81 ec 08 01 00 00', 'subq $264, %rsp'],
  ['41 55', 'pushq %r13'],
  ['49 89 fe', 'movq %rdi, %r14'],
  ['be 22 00 00 00', 'movl $34, %esi'],
  ['48 b8 01 00 00 00 00 00 00 80', 'movabsq $-9223372036854775807, %rax'],
  ['48 c7 c0 ff ff ff ff', 'movq $-1, %rax'],
  ['0f b6 47 0e', 'movzbl 14(%rdi), %eax'],
  ['48 0f b7 7f 10', 'movzwq 16(%rdi), %rdi'],
  ['44 88 7d c8', 'movb %r15b, -56(%rbp)'],
  ['40 88 75 c8', 'movb %sil, -56(%rbp)'],
  ['66 c7 45 c8 01 00', 'movw $1, -56(%rbp)'],
  ['c7 45 c8 ff ff ff ff', 'movl $4294967295, -56(%rbp)'],
  ['83 e0 0f', 'andl $15, %eax'],
  ['25 00 00 00 ff', 'andl $4278190080, %eax'],
  ['c1 e0 02', 'shll $2, %eax'],
  ['d1 e8', 'shrl %eax'],
  ['d3 e0', 'shll %cl, %eax'],
  ['66 c1 c8 08', 'rorw $8, %ax'],
  ['0f c8', 'bswapl %eax'],
  ['49 0f c8', 'bswapq %r8'],
  ['48 6b c0 30', 'imulq $48, %rax, %rax'],
  ['41 f7 f5', 'divl %r13d'],
  ['f0 0f c1 78 00', 'lock xaddl %edi, (%rax)'],
  ['f0 48 01 38', 'lock addq %rdi, (%rax)'],
  ['f0 48 0f b1 37', 'lock cmpxchgq %rsi, (%rdi)'],
  ['65 48 03 04 25 10 00 00 00', 'addq %gs:16, %rax'],
  ['c4 e2 f1 f7 c0', 'shlxq %rcx, %rax, %rax'],
  ['48 63 c7', 'movslq %edi, %rax'],
  ['c9', 'leave'],
  ['c3', 'retq'],
  ['cc', 'int3'],
])('%s is %s', (hex, text) => {
  expect(texts(hex)).toEqual([text])
})

test('jumps and calls name the address they go to', () => {
  expect(texts('74 0f eb fe e8 f6 ff ff ff 0f 84 00 01 00 00', 0xffffffffc0000000n)).toEqual([
    'je 0xffffffffc0000011',
    'jmp 0xffffffffc0000002',
    'callq 0xffffffffbfffffff',
    'je 0xffffffffc000010f',
  ])
})

test('bytes that are not known, or cut off, end it', () => {
  expect(texts('55 0f 05 55')).toEqual(['pushq %rbp', '(bad)'])
  expect(texts('55 48 81 ec 08')).toEqual(['pushq %rbp', '(bad)'])
})

test('whatever the bytes, the pieces cover them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const pieces = disassembleX86(bytes)
      let at = 0
      for (const { offset, length } of pieces) {
        expect(offset).toBe(at)
        expect(length).toBeGreaterThan(0)
        at += length
      }
      expect(at).toBe(bytes.byteLength)
    }),
  )
})
