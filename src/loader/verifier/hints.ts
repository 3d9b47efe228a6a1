/** Advice for the verifier's usual reasons (kernel/bpf/verifier.c), most specific first. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /invalid mem access '\w*_or_null'/,
    'The lookup may have found nothing: use the value only where it is known not to be null.',
  ],
  [/Possibly NULL pointer passed/, 'The pointer may be null: pass it only where it is known not to be.'],
  [
    /invalid access to packet|is outside of the packet/,
    'Compare the end of the access with data_end on every path to it, after the last change of the packet.',
  ],
  [
    /invalid access to map value|is outside of the allowed memory range/,
    'Compare the index or offset with the size of the value first.',
  ],
  [
    /Unreleased reference|reference leak/,
    'What was acquired must be released on every path to the end of the program.',
  ],
  [/!read_ok/, 'The register is read before anything is written to it on this path; calls clear r1 to r5.'],
  [
    /infinite loop|back-edge/,
    'Give the loop a bound that the verifier can see: a counter compared with a constant.',
  ],
  [
    /program is too large|too many states|jumps is too complex/,
    'The verifier gave up after a million instructions: shorten loops, or split the program.',
  ],
  [/unreachable insn/, 'Remove the code that no path leads to.'],
  [
    /is not allowed$|calling kernel function .* is not allowed/,
    'This type of program may not call that function.',
  ],
  [
    /is not a function/,
    'The BTF id is not that of a kernel function: the program was resolved against another kernel.',
  ],
  [
    /expected pointer to STRUCT nf_conn___init but R1 has a pointer to STRUCT nf_conn___init/,
    'The modules nf_conntrack and nf_nat of this kernel each have a type of that name of their own, a fault of its build: no program can write translations here. Netfilter can translate instead (tsbpf-lb up without --translate kfunc).',
  ],
  [
    /invalid indirect access to stack|invalid read from stack|invalid indirect read from stack/,
    'Fill every byte of the structure, padding included, before its address is passed on.',
  ],
  [/combined stack size|stack depth|too deep/, 'A program has 512 bytes of stack, its functions included.'],
  [
    /pointer arithmetic .* prohibited|math between .* pointer/,
    'Mask or compare the number with a constant before adding it to a pointer.',
  ],
  [
    /invalid bpf_context access/,
    'The field cannot be accessed with this width, or not by this type of program.',
  ],
  [/must be GPL|GPL.compatible/i, 'Declare a GPL-compatible license, such as "Dual MIT/GPL".'],
]

/** What to do about a reason for rejection; empty when there is no advice. */
export function hintFor(reason: string): string {
  return advice.find(([pattern]) => pattern.test(reason))?.[1] ?? ''
}
