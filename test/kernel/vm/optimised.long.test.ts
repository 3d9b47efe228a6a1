import fc from 'fast-check'
import { expect } from 'vitest'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { runTc } from '../../../src/asm/vm/run-tc.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import {
  anyPacket,
  anyPacketProgram,
  buildPacketProgram,
  results,
} from '../../unit/asm/dsl/random/packet-program.ts'
import { describe, test } from '../support/kernel-test.ts'

/** Programs; TSBPF_PROGRAMS asks for another number. */
const count = Number(process.env.TSBPF_PROGRAMS ?? 150)

interface Outcome {
  readonly verdict: number
  readonly packet: Uint8Array
  readonly result: Uint8Array | undefined
}

function inKernel(spec: ProgramSpec, packets: readonly Uint8Array[]): Outcome[] {
  const maps = spec.maps.map((map) => BpfMap.create(map))
  const result = maps[spec.maps.findIndex((map) => map.name === results.spec.name)]
  try {
    using program = loadProgram(spec, { maps })
    return packets.map((packet) => {
      result?.set(new Uint8Array(4), new Uint8Array(results.spec.valueSize))
      const run = program.testRun(packet)
      return { verdict: run.retval | 0, packet: run.data, result: result?.get(new Uint8Array(4)) }
    })
  } finally {
    for (const map of maps) map.close()
  }
}

function inInterpreter(spec: ProgramSpec, packets: readonly Uint8Array[]): Outcome[] {
  const used = spec.maps.some((map) => map.name === results.spec.name)
  return packets.map((packet) => {
    const { verdict, packet: left, maps } = runTc(spec, packet)
    const result = used ? maps.of(results).map.lookup(new Uint8Array(4), 0) : undefined
    return { verdict, packet: left, result: result instanceof Uint8Array ? result : undefined }
  })
}

describe('random network programs', () => {
  test(`${count} load and do in the kernel what they mean, with the optimisations and without`, {
    timeout: 600_000,
  }, () => {
    fc.assert(
      fc.property(
        anyPacketProgram,
        fc.array(anyPacket, { minLength: 3, maxLength: 3 }),
        (program, packets) => {
          const plain = buildPacketProgram(program, { passes: 'none' })
          const expected = inInterpreter(plain, packets)
          expect(inKernel(plain, packets)).toEqual(expected)
          expect(inKernel(buildPacketProgram(program), packets)).toEqual(expected)
        },
      ),
      { numRuns: count },
    )
  })
})
