import { rawCodec } from '../../../src/asm/layout/codec.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'

/** Maps by name, to look into after a run. */
export type KernelMaps = ReadonlyMap<string, BpfMap<Uint8Array, Uint8Array>>

/** What a program has done in the kernel. */
export interface KernelRun {
  /** The program's return value, as a signed number. */
  readonly verdict: number
  readonly packet: Uint8Array
}

/** Loads a program with maps of its own, runs it on a packet, and closes everything again. */
export function runInKernel(
  spec: ProgramSpec,
  packet: Uint8Array,
  options: {
    readonly before?: (maps: KernelMaps) => void
    readonly after?: (maps: KernelMaps) => void
  } = {},
): KernelRun {
  const maps = new Map(
    spec.maps.map((map) => [
      map.name,
      BpfMap.create(map, { key: rawCodec(map.keySize), value: rawCodec(map.valueSize) }),
    ]),
  )
  try {
    options.before?.(maps)
    using program = loadProgram(spec, { maps })
    const { retval, data } = program.testRun(packet)
    options.after?.(maps)
    return { verdict: retval | 0, packet: data }
  } finally {
    for (const map of maps.values()) map.close()
  }
}
