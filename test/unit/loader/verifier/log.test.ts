import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hintFor } from '../../../../src/loader/verifier/hints.ts'
import { parseVerifierLog } from '../../../../src/loader/verifier/log.ts'

/** Logs of Linux 6.18; test/kernel/bpf/rejected.test.ts says how to take them anew. */
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

  it('a summary with headings', () => {
    const log = [
      '0: R1=ctx() R10=fp0',
      '0: (bf) r0 = r4',
      'Verification failed',
      '  Reason: R4 !read_ok',
      '  At: insn 0',
      '  Suggestion:',
      '    write the register',
      '    first',
      'processed 1 insns (limit 1000000) max_states_per_insn 0',
    ].join('\n')
    expect(parseVerifierLog(log)).toMatchObject({
      reason: ['R4 !read_ok'],
      slot: 0,
      suggestion: 'write the register first',
      processed: 1,
    })
  })

  it('an empty log', () => {
    expect(parseVerifierLog('')).toEqual({
      reason: [],
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
        'Verification failed',
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
