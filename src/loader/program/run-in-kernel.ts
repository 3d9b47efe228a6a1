import { assemble } from '../../asm/assemble/assembler.ts'
import { branch, type Item, label, plain } from '../../asm/assemble/items.ts'
import { add64, mov32, mov64 } from '../../asm/isa/alu.ts'
import { callLocal } from '../../asm/isa/call.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { exit, jump } from '../../asm/isa/jump.ts'
import { loadMapValue } from '../../asm/isa/load-imm64.ts'
import { load, store } from '../../asm/isa/memory.ts'
import { r0, r1, r2, r6 } from '../../asm/isa/registers.ts'
import type { MapSpec, ProgramSpec } from '../../asm/program.ts'
import { BpfMap } from '../bpf/map.ts'
import { loadProgram } from './load.ts'

/** What a run has left. */
export interface KernelRun {
  /** r0 at exit, all 64 bits. */
  readonly r0: bigint
  /** The memory as the program left it. */
  readonly memory: Uint8Array
}

/** `struct xdp_md` (include/uapi/linux/bpf.h): its first two members. */
const dataOffset = 0
const dataEndOffset = 4
/** XDP_PASS (include/uapi/linux/bpf.h): the test run ends as if the packet went on. */
const pass = 2
/** The kernel's test run wants at least an Ethernet header, newer ones a little more. */
const shortestPacket = 64

const resultMap: MapSpec = {
  name: 'run_result',
  type: 'array',
  keySize: 4,
  valueSize: 16,
  maxEntries: 1,
  flags: 0,
}

/**
 * Verifies and runs a bare program in the running kernel: r1 points to `memory`, r2 is its length (both 0 when it is
 * empty), as in RFC 9669's conformance suite. The program becomes a function of an XDP program whose packet is the
 * memory; the kernel runs it on that packet alone (BPF_PROG_TEST_RUN).
 *
 * @param memory up to some 3 KB: a packet is one page
 * @throws {VerifierError} when the verifier rejects the program
 */
export function runInKernel(instructions: readonly Instruction[], memory: Uint8Array): KernelRun {
  using result = BpfMap.create(resultMap)
  using program = loadProgram(wrap(instructions, memory.byteLength), { maps: [result] })
  const packet = new Uint8Array(Math.max(memory.byteLength, shortestPacket))
  packet.set(memory)
  const run = program.testRun(packet)
  const value = result.get(new Uint8Array(4)) ?? new Uint8Array(16)
  const view = new DataView(value.buffer, value.byteOffset)
  if (view.getBigUint64(8, true) !== 1n) throw new Error('the program did not return to the one around it')
  return { r0: view.getBigUint64(0, true), memory: run.data.slice(0, memory.byteLength) }
}

/** The XDP program around it: gives the arguments, keeps r0. */
function wrap(instructions: readonly Instruction[], length: number): ProgramSpec {
  const items: Item[] = [
    ...(length === 0 ? noMemory : packetMemory(length)),
    branch(callLocal(), 'body'),
    plain(loadMapValue(r1, resultMap.name, 0)),
    plain(store(8, r1, 0, r0)),
    plain(store(8, r1, 8, 1)),
    label('end'),
    plain(mov32(r0, pass)),
    plain(exit()),
    label('body'),
    ...instructions.map(plain),
  ]
  const assembled = assemble(items, { unreachable: 'report' })
  return {
    name: 'run_in_kernel',
    type: 'xdp',
    license: 'Dual MIT/GPL',
    instructions: assembled.instructions,
    functions: assembled.functions.map((start, i) => ({ name: `f${i}`, start })),
    maps: [resultMap],
    kfuncs: [],
  }
}

const noMemory: readonly Item[] = [plain(mov64(r1, 0)), plain(mov64(r2, 0))]

function packetMemory(length: number): Item[] {
  return [
    plain(load(4, r2, r1, dataEndOffset)),
    plain(load(4, r1, r1, dataOffset)),
    // r6 and not r3: what is in r1 to r5 the function could read as an argument.
    plain(mov64(r6, r1)),
    plain(add64(r6, length)),
    branch(jump('jgt', 64, r6, r2), 'end'),
    plain(mov64(r2, length)),
  ]
}
