/**
 * The two ways to write a program: LLVM's and the kernel's pseudo-C (`r0 = *(u32 *)(r1 + 4)`), and the
 * mnemonics of the BPF conformance suite (`ldxw %r0, [%r1+4]`).
 */
export type Syntax = 'pseudo-c' | 'mnemonic'

/** Both, the default first. */
export const syntaxes = ['pseudo-c', 'mnemonic'] as const satisfies readonly Syntax[]
