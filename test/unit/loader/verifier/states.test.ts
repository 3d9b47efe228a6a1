import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVerifierStates } from '../../../../src/loader/verifier/states.ts'

const logs = new URL('./logs/', import.meta.url)

describe('states before each instruction', () => {
  test('put together from what each instruction changes (5.18 and newer)', () => {
    const states = readVerifierStates(
      [
        '0: R1=ctx() R10=fp0',
        '; const x = 1 @ lb.ts:1',
        '0: (62) *(u32 *)(r10 -4) = 0          ; R10=fp0 fp-8=0000????',
        '1: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0',
        '2: (07) r2 += -4                      ; R2_w=fp-4',
        '3: (18) r1 = 0xff110000053ac000       ; R1_w=map_ptr(map=counters,ks=4,vs=8)',
        '5: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counters,ks=4,vs=8)',
        '6: (55) if r0 != 0x0 goto pc+1 8: R0=map_value(map=counters,ks=4,vs=8) R10=fp0 fp-8=mmmm????',
        '8: (61) r3 = *(u32 *)(r0 +0)          ; R0=map_value(map=counters) R3=scalar(umax=255,var_off=(0x0; 0xff))',
        '9: (95) exit',
        '',
        'from 6 to 7: R0=0 R10=fp0 fp-8=mmmm????',
        '7: (b7) r0 = 0                        ; R0=0',
        '9: safe',
        'processed 9 insns (limit 1000000)',
      ].join('\n'),
    )
    expect(states.get(0)?.states).toEqual(['R1=ctx()'])
    expect(states.get(5)?.states).toEqual(['R1=map_ptr(map=counters,ks=4,vs=8) R2=fp-4 fp-8=0000????'])
    expect(states.get(6)?.states).toEqual(['R0=map_value_or_null(id=1,map=counters,ks=4,vs=8) fp-8=0000????'])
    expect(states.get(8)?.states).toEqual(['R0=map_value(map=counters,ks=4,vs=8) fp-8=mmmm????'])
    expect(states.get(9)?.states).toEqual([
      'R0=map_value(map=counters) R3=scalar(umax=255,var_off=(0x0; 0xff)) fp-8=mmmm????',
    ])
    expect(states.get(7)?.states).toEqual(['R0=0 fp-8=mmmm????'])
  })

  test('printed whole before each instruction (older kernels)', () => {
    const states = readVerifierStates(
      [
        '0: R1=ctx(id=0,off=0,imm=0) R10=fp0',
        '0: (b7) r0 = 1',
        '1: R0_w=inv1 R1=ctx(id=0,off=0,imm=0) R10=fp0',
        '1: (95) exit',
      ].join('\n'),
    )
    expect(states.get(1)).toEqual({ count: 1, states: ['R0=inv1 R1=ctx(id=0,off=0,imm=0)'] })
  })

  test('each different state once, and how often the verifier came by', () => {
    const round = (value: number) =>
      `1: (07) r6 += 1 ; R6=${value}\n2: (a5) if r6 < 0x9 goto pc-2 ; R6=${value}`
    const states = readVerifierStates(
      ['1: R6=0', ...Array.from({ length: 30 }, (_, i) => round(i % 3))].join('\n'),
    )
    expect(states.get(2)).toEqual({ count: 30, states: ['R6=0', 'R6=1', 'R6=2'] })
  })
})

test.each(readdirSync(new URL('linux-7.3/', logs)))('the log %s of Linux 7.3 and ours agree', (name) => {
  const newer = readVerifierStates(readFileSync(new URL(`linux-7.3/${name}`, logs), 'utf8'))
  for (const [slot, { count, states }] of newer) {
    expect(slot).toBeGreaterThanOrEqual(0)
    expect(count).toBeGreaterThan(0)
    for (const state of states) expect(state).toMatch(/^(?:R\d+|fp-\d+|refs)=/)
  }
})

test('no text makes reading fail', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '0: (85) call 1 ; R0=(',
      'from 1 to 2: R1=',
      '3: R0=a(b(c)',
      'caller:',
      ' frame1: R1=x',
      '9: safe',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece), (lines) => {
      readVerifierStates(lines.join('\n'))
    }),
  )
})
