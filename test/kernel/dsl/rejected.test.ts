import { expect } from 'vitest'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { VerifierError } from '../../../src/loader/verifier/error.ts'
import { it } from '../support/kernel-test.ts'
import { longLoop, unboundedOffset } from './rejected-programs.ts'

it('tells why a checked pointer is not believed: its offset has no bound', () => {
  expect(rejection(unboundedOffset())).toMatchInlineSnapshot(`
    "test/kernel/dsl/rejected-programs.ts:12:14
      10 |     const place = skb.len.sub(20)
      11 |     const udp = b.packet(skb).header(UdpHeader, { at: place, otherwise: TCX_NEXT })
    > 12 |     b.if(udp.destination.eq(53), () => b.return(TC_ACT_SHOT))
         |              ^ \`udp.destination\` may be beyond the packet's end: the check at rejected-programs.ts:11 does not count, the offset from rejected-programs.ts:10 may be more than 65535
      13 |     b.return(TCX_NEXT)
      14 |   })
    On the way there:
      rejected-programs.ts:10  the offset comes from here: const place = skb.len.sub(20)
      rejected-programs.ts:11  the pointer is made here: const udp = b.packet(skb).header(UdpHeader, { at: place, otherwise: TCX_NEXT })"
  `)
})

it('names the loop that the verifier does not get through', () => {
  const [excerpt, way] = rejection(longLoop()).split('\nOn the way there:\n')
  // At which line of the loop it gives up depends on the kernel.
  expect(excerpt).toMatch(/^test\/kernel\/dsl\/rejected-programs\.ts:(21|22):\d+\n/)
  expect(excerpt).toMatch(
    /\n> (21|22) \| .*\n +\| +\^ the verifier goes through this loop turn by turn and sees no end of it\n/,
  )
  expect(way?.split('\n').sort()).toEqual([
    '  rejected-programs.ts:21  again and again here: b.for({ from: 0, to: skb.len, max: 8_500 }, (i) => {',
    '  rejected-programs.ts:22  again and again here: sum.set(sum.get().add(i.toU64()))',
  ])
})

/** What is said of a rejection, without the lines that are the kernel's own words. */
function rejection(spec: ProgramSpec): string {
  try {
    loadProgram(spec, { maps: [] })[Symbol.dispose]()
  } catch (error) {
    if (error instanceof VerifierError) return error.details.replaceAll(/^R\d+ .*\n?/gm, '').trimEnd()
    throw error
  }
  return expect.fail('the program was loaded')
}
