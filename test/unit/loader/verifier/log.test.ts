import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hintFor } from '../../../../src/loader/verifier/hints.ts'
import { parseVerifierLog } from '../../../../src/loader/verifier/log.ts'

/** Logs of Linux 6.18 and of 7.3.4 (Debian); test/kernel/bpf/rejected.test.ts says how to take them anew. */
function golden(name: string): string {
  return readFileSync(new URL(`logs/${name}.golden`, import.meta.url), 'utf8')
}

const unreleased = [
  'Unreleased reference id=2 alloc_insn=10',
  'BPF_EXIT instruction in main prog would lead to reference leak',
]

describe('real logs', () => {
  it.each([
    [
      'packet-out-of-bounds',
      ['invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0)', 'R2 offset is outside of the packet'],
      1,
      2,
    ],
    ['unchecked-map-value', ["R0 invalid mem access 'map_value_or_null'"], 6, 6],
    ['leaked-reference', unreleased, 12, 13],
    ['unreleased-on-one-path', unreleased, 19, 22],
    ['unknown-kfunc', ['kernel btf_id 2147483647 is not a function'], undefined, 0],
    ['forbidden-kfunc', ['calling kernel function bpf_sock_destroy is not allowed'], 0, 1],
    ['uninitialised-register', ['R4 !read_ok'], 1, 2],
    ['endless-loop', ['infinite loop detected at insn 1'], 1, 9],
    ['too-many-instructions', ['BPF program is too large. Processed 1000001 insn'], 1, 1_000_001],
    ['unreachable', ['unreachable insn 2'], 2, 0],
  ])('%s', (name, reason, slot, processed) => {
    const log = parseVerifierLog(golden(name))
    expect(log.reason).toEqual(reason)
    expect(log.slot).toBe(slot)
    expect(log.processed).toBe(processed)
    expect(log.acquiredAt).toBe(reason === unreleased ? 10 : undefined)
    expect(hintFor(log.reason.join('\n'))).not.toBe('')
  })

  it('name the source line above the instruction', () => {
    expect(parseVerifierLog(golden('packet-out-of-bounds')).remark).toEqual({
      text: 'statement(2) // of rejected.ts',
      file: 'rejected.ts',
      line: 2,
    })
  })

  it('hold the registers as last shown', () => {
    expect(parseVerifierLog(golden('packet-out-of-bounds')).registers).toBe('R1=ctx() R2=pkt(r=0)')
  })
})

describe('real logs of Linux 7.3, with a report', () => {
  it.each([
    [
      'packet-out-of-bounds',
      [
        'invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0)',
        'R2 min value is outside of the allowed memory range',
      ],
      1,
      /^The verifier cannot prove offset \+ access_size <= object_size\. .* object_size is 0\.$/,
    ],
    ['unchecked-map-value', ["R0 invalid mem access 'map_value_or_null'"], 6, /^R0 may be NULL here/],
    ['leaked-reference', unreleased, 12, /acquired at instruction 10 .* before this exit path\.$/],
    ['unreleased-on-one-path', unreleased, 19, /acquired at instruction 10/],
    ['unknown-kfunc', ['kernel btf_id 2147483647 is not a function'], undefined, /^$/],
    [
      'forbidden-kfunc',
      ['calling kernel function bpf_sock_destroy is not allowed'],
      0,
      /^The kfunc bpf_sock/,
    ],
    ['uninitialised-register', ['R4 !read_ok'], 1, /^R4 has never been initialized/],
    ['endless-loop', ['infinite loop detected at insn 1'], 1, /^$/],
    ['too-many-instructions', ['BPF program is too large. Processed 1000001 insn'], 1, /^$/],
    ['unreachable', ['unreachable insn 2'], 2, /^Instruction 2 is not reachable/],
  ])('%s', (name, reason, slot, explanation) => {
    const log = parseVerifierLog(golden(`linux-7.3/${name}`))
    expect(log.reason).toEqual(reason)
    expect(log.slot).toBe(slot)
    expect(log.explanation).toMatch(explanation)
    expect(log.explanation).not.toMatch(/\n| {2}/)
    expect(log.acquiredAt).toBe(reason === unreleased ? 10 : undefined)
    expect(log.processed).toBeGreaterThanOrEqual(0)
    // The kernel's own advice comes with its explanation.
    if (log.explanation === '') expect(log.suggestion).toBe('')
    else expect(log.suggestion).toMatch(/^[A-Z].*\.$/)
  })

  it('a refusal without a report', () => {
    expect(parseVerifierLog(golden('linux-7.3/nat-refused'))).toMatchObject({
      reason: [
        'kernel function bpf_ct_set_nat_info R1 expected pointer to STRUCT nf_conn___init but R1 has a pointer to STRUCT nf_conn___init',
      ],
      explanation: '',
      slot: 276,
      remark: { file: 'connection.ts', line: 117 },
      processed: 321,
    })
  })

  it('keep what the report is not part of: remarks and registers', () => {
    const { remark, registers } = parseVerifierLog(golden('linux-7.3/unchecked-map-value'))
    expect(remark).toEqual({ text: 'statement(2) // of rejected.ts', file: 'rejected.ts', line: 2 })
    expect(registers).toMatch(/map_value_or_null/)
  })
})

describe('other forms', () => {
  it('remarks without a file, as before Linux 6.10', () => {
    const log =
      '0: R1=ctx(off=0,imm=0) R10=fp0\n; return x;\n0: (bf) r0 = r3\nR3 !read_ok\nprocessed 1 insns (limit 1000000)\n'
    expect(parseVerifierLog(log)).toMatchObject({
      reason: ['R3 !read_ok'],
      slot: 0,
      remark: { text: 'return x;' },
    })
  })

  it('a log cut off at its start', () => {
    const log = golden('unreleased-on-one-path')
    const cut = log.slice(log.indexOf('ref_obj_id=2) R10=fp0'))
    expect(parseVerifierLog(cut)).toMatchObject({ reason: unreleased, slot: 19, acquiredAt: 10 })
  })

  it('states of level 2 between instructions', () => {
    const log = [
      'func#0 @0',
      'Live regs before insn:',
      '      0: .1........ (b7) r0 = 0',
      '0: R1=ctx() R10=fp0',
      '0: (b7) r0 = 0                        ; R0_w=0',
      'mark_precise: frame0: last_idx 1 first_idx 0 subseq_idx -1',
      '1: (2d) if r0 > r9 goto pc+1',
      'R9 !read_ok',
      'verification time 120 usec',
      'stack depth 0',
      'processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0',
    ].join('\n')
    expect(parseVerifierLog(log)).toMatchObject({ reason: ['R9 !read_ok'], slot: 1, processed: 2 })
  })

  it('a report alone', () => {
    const log = [
      '0: R1=ctx() R10=fp0',
      '0: (bf) r0 = r4',
      'Verification failed: Some Safety: Some fault',
      'Reason: R4 was never',
      '  written.',
      'Suggestion:',
      '    Write the register',
      '    first.',
      'processed 1 insns (limit 1000000) max_states_per_insn 0',
    ].join('\n')
    expect(parseVerifierLog(log)).toMatchObject({
      reason: ['Some Safety: Some fault', 'R4 was never written.'],
      explanation: 'R4 was never written.',
      slot: 0,
      suggestion: 'Write the register first.',
      processed: 1,
    })
  })

  it('an empty log', () => {
    expect(parseVerifierLog('')).toEqual({
      path: [],
      reason: [],
      explanation: '',
      slot: undefined,
      acquiredAt: undefined,
      remark: undefined,
      registers: '',
      suggestion: '',
      processed: undefined,
    })
  })

  it('anything at all, without failing', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '0: (b7) r0 = 0',
        '; x @ a.ts:1',
        'processed 1 insns ',
        'Reason:',
        'Verification failed: x',
        'At:',
        '  >>> 7 | (95) exit',
        '\0',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece), (lines) => {
        const { reason, slot } = parseVerifierLog(lines.join('\n'))
        expect(reason.every((line) => line.trim() !== '')).toBe(true)
        expect(slot === undefined || slot >= 0).toBe(true)
      }),
    )
  })
})

it('has no advice for what it does not know', () => {
  expect(hintFor('something new')).toBe('')
})
