import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import { assembleText } from '../../../../src/asm/text/assemble-text.ts'
import { VerifierError } from '../../../../src/loader/verifier/error.ts'
import { expressionAt } from '../../../../src/loader/verifier/expression.ts'
import { readPath, registerState } from '../../../../src/loader/verifier/path.ts'
import { rejectedPrograms, source } from '../../../kernel/bpf/rejected-programs.ts'

describe('real logs, of Linux 6.18 and of 7.3', () => {
  const told = (log: string, name: string): string => {
    const { spec } = rejectedPrograms[name] ?? expect.fail('no such program')
    const text = readFileSync(new URL(`logs/${log}${name}.golden`, import.meta.url), 'utf8')
    const program = { name, instructions: spec.instructions, line: source.line, directory: '' }
    return new VerifierError(program, text, 13).details
  }

  it.each(['', 'linux-7.3/'])('of %s: a packet access that nothing has checked', (log) => {
    expect(told(log, 'packet-out-of-bounds')).toContain(
      [
        'rejected.ts:2:3',
        '  1 |   statement(1) // of rejected.ts',
        '> 2 |   statement(2) // of rejected.ts',
        "    |   ^ r2 may be beyond the packet's end: not checked on the path from rejected.ts:1",
        '  3 |   statement(3) // of rejected.ts',
        '  4 |   statement(4) // of rejected.ts',
        'On the way there:',
        '  rejected.ts:1  the pointer is made here: statement(1) // of rejected.ts',
      ].join('\n'),
    )
  })

  it.each(['', 'linux-7.3/'])('of %s: a value that may be null', (log) => {
    expect(told(log, 'unchecked-map-value')).toContain(
      '^ r0 may be null: the result of bpf_map_lookup_elem in "counters" at rejected.ts:1 is not checked on the path to here',
    )
  })

  it.each(['', 'linux-7.3/'])('of %s: a reference that is kept on one path', (log) => {
    const details = told(log, 'unreleased-on-one-path')
    expect(details).toContain(
      '^ the nf_conn acquired at rejected.ts:1 by bpf_skb_ct_lookup is not released on this path',
    )
    expect(details).toContain(
      [
        'On the way there:',
        '  rejected.ts:1  the path goes from here to rejected.ts:2: statement(1) // of rejected.ts',
        '  rejected.ts:2  the path goes from here to rejected.ts:4: statement(2) // of rejected.ts',
      ].join('\n'),
    )
  })

  it.each(['', 'linux-7.3/'])('of %s: loops', (log) => {
    const sentence = '^ the verifier goes through this loop turn by turn and sees no end of it'
    expect(told(log, 'endless-loop')).toContain(sentence)
    expect(told(log, 'too-many-instructions')).toContain(sentence)
  })

  it.each(['', 'linux-7.3/'])('of %s: a register without a value', (log) => {
    expect(told(log, 'uninitialised-register')).toContain(
      '^ r4 has no value: nothing was written to it on the path to here',
    )
  })
})

/** A program whose instruction `n` (from 0) is written on line `n + 1`, rejected with a log. */
function rejected(text: string, lines: readonly string[], log: string): string {
  const instructions = assembleText(text).instructions.map((instruction, index) =>
    annotate(instruction, { source: { file: '/p/lb.ts', line: index + 1, column: 1 } }),
  )
  const line = (_: string, number: number) => lines[number - 1] ?? `line(${number})`
  return new VerifierError({ name: 'p', instructions, line, directory: '/p' }, log, 13).details
}

describe('stories', () => {
  it.each([
    ['skb_pull_data', 39],
    ['msg_pull_data', 63],
    ['tail_call', 12],
  ])('of a packet that moved: %s', (helper, number) => {
    const text = `r6 = r1\nr7 = *(u32 *)(r6 + 76)\nr2 = 64\ncall ${number}\nr0 = *(u8 *)(r7 + 0)\nexit`
    const log = [
      '0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()',
      '1: (61) r7 = *(u32 *)(r6 +76)         ; R6_w=ctx() R7_w=pkt(r=0)',
      '2: (b7) r2 = 64                       ; R2_w=64',
      `3: (85) call bpf_${helper}#${number}     ; R0_w=scalar()`,
      '4: (71) r0 = *(u8 *)(r7 +0)',
      "R7 invalid mem access 'scalar'",
      'processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0',
    ].join('\n')
    const details = rejected(text, [], log)
    expect(details).toContain('^ r7 is no longer valid: the call at lb.ts:4 may have moved the packet')
    expect(details).toContain(
      'On the way there:\n  lb.ts:2  the pointer into the packet is read here: line(2)\n  lb.ts:4  the packet may move here: line(4)',
    )
  })

  it('of a helper that leaves the packet where it is', () => {
    const text = 'r7 = *(u32 *)(r1 + 76)\ncall 155\nr0 = *(u8 *)(r7 + 0)\nexit'
    const log = [
      '0: (61) r7 = *(u32 *)(r1 +76)         ; R1=ctx() R7_w=pkt(r=0)',
      '1: (85) call bpf_redirect_peer#155    ; R0_w=scalar()',
      '2: (71) r0 = *(u8 *)(r7 +0)',
      "R7 invalid mem access 'scalar'",
    ].join('\n')
    expect(rejected(text, [], log)).toContain('^ r7 is a number here, not a pointer')
  })

  it('of a loop with too many ways out', () => {
    const text = 'r1 = 0\nr1 += 1\nif r1 < r2 goto -2\nexit'
    const turn = ['1: (07) r1 += 1', '2: (ad) if r1 < r2 goto pc-2']
    const log = ['0: (b7) r1 = 0', ...turn, ...turn, ...turn, 'The sequence of 8193 jumps is too complex.']
    expect(rejected(text, [], log.join('\n'))).toContain(
      '^ the verifier goes through this loop turn by turn and sees no end of it',
    )
  })

  it('of a check that is too short, found behind copies and the stack', () => {
    const text = [
      'r2 = *(u32 *)(r1 + 76)',
      'r3 = *(u32 *)(r1 + 80)',
      '*(u64 *)(r10 - 8) = r2',
      'r2 += 8',
      'if r2 > r3 goto +2',
      'r4 = *(u64 *)(r10 - 8)',
      'r0 = *(u32 *)(r4 + 8)',
      'r0 = 0',
      'exit',
    ].join('\n')
    const log = [
      '0: R1=ctx() R10=fp0',
      '0: (61) r2 = *(u32 *)(r1 +76)         ; R1=ctx() R2_w=pkt(r=0)',
      '1: (61) r3 = *(u32 *)(r1 +80)         ; R1=ctx() R3_w=pkt_end()',
      '2: (7b) *(u64 *)(r10 -8) = r2         ; R2_w=pkt(r=0) R10=fp0 fp-8_w=pkt(r=0)',
      '3: (07) r2 += 8                       ; R2_w=pkt(off=8,r=0)',
      '4: (2d) if r2 > r3 goto pc+2          ; R2_w=pkt(off=8,r=8) R3_w=pkt_end()',
      '5: (79) r4 = *(u64 *)(r10 -8)         ; R4_w=pkt(r=8) R10=fp0',
      '6: (61) r0 = *(u32 *)(r4 +8)',
      'invalid access to packet, off=8 size=4, R4(id=0,off=8,r=8)',
      'R4 offset is outside of the packet',
    ].join('\n')
    const details = rejected(text, ['', '', '', '', '', '', 'const x = udp.length'], log)
    expect(details).toContain("may be beyond the packet's end: it needs 12 bytes, lb.ts:5 has checked 8")
  })

  it('of an index without a bound, and of one with the wrong bound', () => {
    const text = [
      'r6 = *(u32 *)(r1 + 0)',
      'if r6 > 100 goto +3',
      'r0 += r6',
      'r0 = *(u8 *)(r0 + 0)',
      'exit',
      'r0 = 0',
      'exit',
    ].join('\n')
    const states = (umax: string) => [
      `0: (61) r6 = *(u32 *)(r1 +0)          ; R6_w=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))`,
      `1: (25) if r6 > 0x64 goto pc+3        ; R6_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=${umax})`,
      `2: (0f) r0 += r6                      ; R0_w=map_value(map=m,ks=4,vs=8,smin=0,smax=umax=${umax}) R6_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=${umax})`,
      '3: (71) r0 = *(u8 *)(r0 +0)',
      'invalid access to map value, value_size=8 off=100 size=1',
      'R0 max value is outside of the allowed memory range',
    ]
    const compared = ['0: R0=map_value(map=m,ks=4,vs=8) R1=ctx()', ...states('100')].join('\n')
    // r0 is a map's value from the start here; the path needs a birth for it.
    const withValue = rejected(`r0 = r1\n${text}`, [], renumber(compared))
    expect(withValue).toContain(
      'the index from lb.ts:2 may be up to 100: the comparison at lb.ts:3 is not enough',
    )
  })

  it('of an argument that may be null', () => {
    const log = [
      '0: (85) call bpf_ct#1                 ; R0_w=ptr_or_null_nf_conn(id=2)',
      '1: (bf) r1 = r0                       ; R0_w=ptr_or_null_nf_conn(id=2) R1_w=ptr_or_null_nf_conn(id=2)',
      '2: (85) call bpf_ct_release#2',
      'Possibly NULL pointer passed to trusted arg0',
    ].join('\n')
    expect(rejected('call 1\nr1 = r0\ncall 2\nexit', [], log)).toContain(
      'may be null: the result of what it comes from at lb.ts:1 is not checked on the path to here',
    )
  })

  it('of registers that a call has cleared, through a function of the program', () => {
    const log = [
      '0: (b7) r6 = 1                        ; R6_w=1',
      '1: (85) call pc+2',
      'caller:',
      ' R6_w=1 R10=fp0',
      'callee:',
      ' frame1: R1=ctx() R10=fp0',
      '4: (85) call bpf_ktime_get_ns#5       ; frame1: R0_w=scalar()',
      '5: (95) exit',
      'returning from callee:',
      '2: (bf) r0 = r3',
      'R3 !read_ok',
    ].join('\n')
    const text = 'r6 = 1\ncall pc+2\nr0 = r3\nexit\ncall 5\nexit'
    expect(rejected(text, [], log)).toContain('r3 has no value: the call at lb.ts:5 has cleared it')
  })
})

/** Shifts every slot by one. */
function renumber(log: string): string {
  return `0: (bf) r0 = r1\n${log.replaceAll(/^(\d+):/gm, (_, slot) => `${Number(slot) + 1}:`)}`
}

describe('the path', () => {
  it('of level 2 leaves out the ways that were tried before', () => {
    const lines = [
      '0: (15) if r1 == 0x0 goto pc+3        ; R1=1',
      '1: (15) if r2 == 0x0 goto pc+1        ; R2=1',
      '2: (95) exit',
      'from 1 to 3: R1=1 R2=0',
      '3: (95) exit',
      'from 0 to 4: R1=0',
      '4: (bf) r0 = r9',
    ]
    expect(readPath(lines)).toEqual([
      { slot: 0, state: 'R1=0' },
      { slot: 4, state: '' },
    ])
  })

  it('takes a branch that is visited twice up in the order of a walk that goes deep first', () => {
    const lines = [
      '0: (15) if r1 == 0x0 goto pc+1 ; R1=1',
      '1: (05) goto pc-2',
      '0: (15) if r1 == 0x0 goto pc+1 ; R1=2',
    ]
    expect(
      readPath([
        ...lines,
        '1: (05) goto pc-2',
        'from 0 to 2: R1=3',
        '2: (95) exit',
        'from 0 to 2: R1=4',
        '2: (95) exit',
      ]),
    ).toEqual([
      { slot: 0, state: 'R1=4' },
      { slot: 2, state: '' },
    ])
  })

  it('survives any text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'from 1 to 2: ',
        'from 9 to 1',
        '1: (15) if r1 == 0x0 goto pc+1 2: R1=(',
        '0: R1=ctx()',
      ),
      fc.nat(20).map((slot) => `${slot}: (85) call bpf_x#1 ; R0=pkt(`),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const { slot, state } of readPath(lines)) {
          expect(slot).toBeGreaterThanOrEqual(0)
          registerState(state, 1)
        }
        rejected('r0 = 0\nexit', [], [...lines, 'R1 !read_ok'].join('\n'))
      }),
    )
  })

  it.each([
    [
      'R1=ctx() R2_w=pkt(id=1,off=8,r=0,var_off=(0x0; 0xff)) R3=pkt_end()',
      2,
      'pkt(id=1,off=8,r=0,var_off=(0x0; 0xff))',
    ],
    ['frame1: R1_rw=scalar() R10=fp0', 1, 'scalar()'],
    ['R10=fp0', 1, undefined],
  ])('register states: %s', (state, register, expected) => {
    expect(registerState(state, register)).toBe(expected)
  })
})

describe('the expression at a column', () => {
  it.each([
    ['  b.if(ip.protocol.eq(6), () => {', 'protocol', 'ip.protocol'],
    ['  b.if(ip.protocol.eq(6), () => {', 'eq', 'ip.protocol'],
    ['  b.if(ip.protocol.eq(6), () => {', 'if', ''],
    ['  const udp = packet.header(UdpHeader)', 'header', 'packet'],
    ['  b.assign(stats, { packets: stats.packets.add(1) })', 'packets.add', 'stats.packets'],
    ['  123', '123', ''],
  ])('%s at %s', (text, at, expected) => {
    expect(expressionAt(text, text.indexOf(at) + 1)).toBe(expected)
  })
})
