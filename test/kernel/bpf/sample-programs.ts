import { add64, mov64 } from '../../../src/asm/isa/alu.ts'
import { callHelper } from '../../../src/asm/isa/call.ts'
import type { Instruction } from '../../../src/asm/isa/instruction.ts'
import { exit, jeq64 } from '../../../src/asm/isa/jump.ts'
import { loadMap } from '../../../src/asm/isa/load-imm64.ts'
import { atomic, store } from '../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r10 } from '../../../src/asm/isa/registers.ts'
import type { MapSpec, ProgramSpec } from '../../../src/asm/program.ts'

/** One counter of 64 bits. */
export const hits: MapSpec = {
  name: 'hits',
  type: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
}

/** Returns a constant: 0 is TC_ACT_OK, -1 (TCX_NEXT) lets the next program run. */
export function returning(name: string, verdict: number): ProgramSpec {
  return program(name, [mov64(r0, verdict), exit()])
}

/** Adds `step` to the counter in {@link hits} and lets the next program run. */
export function counting(name: string, step = 1): ProgramSpec {
  const body = [
    store(4, r10, -4, 0),
    mov64(r2, r10),
    add64(r2, -4),
    loadMap(r1, 'hits'),
    callHelper(1, 'map_lookup_elem'),
    jeq64(r0, 0, 2),
    mov64(r1, step),
    atomic('add', 8, r0, 0, r1),
    mov64(r0, -1),
    exit(),
  ]
  return program(name, body, [hits])
}

function program(
  name: string,
  instructions: readonly Instruction[],
  maps: readonly MapSpec[] = [],
): ProgramSpec {
  return {
    name,
    type: 'sched_cls',
    license: 'Dual MIT/GPL',
    instructions,
    functions: [{ name, start: 0 }],
    maps,
    kfuncs: [],
  }
}
