import { calleeName } from '../analysis/calls.ts'
import type { ProgramSpec } from '../program.ts'
import type { VmFunctions } from './call.ts'
import { VmError } from './errors.ts'
import { generalHelpers, repeatableRandom } from './helpers.ts'
import { Machine, type TraceEvent } from './machine.ts'
import type { VmMap } from './map/map.ts'
import { VmMaps } from './map/maps.ts'
import { runTc } from './run-tc.ts'
import { runXdp } from './run-xdp.ts'
import { skbHelpers } from './skb.ts'
import { xdpHelpers } from './xdp-buffer.ts'

/** How a run went, seen from outside. */
export interface ObservedRun {
  /** By instruction: how often it was executed. */
  readonly counts: readonly number[]
  /** What it ran on, where that was not the packet: the program's type knows none. */
  readonly context: string | undefined
  /** What the run ended with, and what in it was made up; in words. */
  readonly outcome: string
}

/** Bytes of a context that nobody describes. */
const contextSize = 256

/**
 * Runs a program once in the interpreter and counts. Its maps are empty but for global variables; kernel functions, and
 * helpers that the interpreter does not have, return 0. A run that fails counts up to there.
 *
 * @param packet for programs that handle one
 * @param globals initial contents of maps that hold global variables
 */
export function observeRun(
  program: ProgramSpec,
  packet: Uint8Array,
  globals: ReadonlyMap<string, Uint8Array> = new Map(),
): ObservedRun {
  const counts = program.instructions.map(() => 0)
  const trace = ({ index }: TraceEvent): void => {
    counts[index] = (counts[index] ?? 0) + 1
  }
  const madeUp = new Set<string>()
  const stub = (name: string) => (): number => {
    madeUp.add(name)
    return 0
  }
  const handlesPacket = program.type === 'xdp' || handlesSkb(program)
  const context = handlesPacket ? undefined : `a context of ${contextSize} zero bytes`
  try {
    const maps = new VmMaps(program.maps)
    for (const [name, contents] of globals) maps.byName.get(name)?.update(new Uint8Array(4), contents, 0, 0)
    const kfuncs: VmFunctions = Object.fromEntries(program.kfuncs.map(({ name }) => [name, stub(name)]))
    const helpers: VmFunctions = Object.fromEntries(missingHelpers(program).map((name) => [name, stub(name)]))
    const options = { maps, kfuncs, helpers, trace }
    const result =
      program.type === 'xdp'
        ? runXdp(program, packet, options)
        : handlesSkb(program)
          ? runTc(program, packet, options)
          : runPlain(program, options)
    const made = madeUp.size === 0 ? '' : `; ${[...madeUp].join(', ')} returned 0, made up`
    return {
      counts,
      context,
      outcome: `it returns ${result.verdict} after ${result.executed} instructions${made}`,
    }
  } catch (error) {
    if (!(error instanceof VmError || error instanceof RangeError)) throw error
    return { counts, context, outcome: `it fails: ${error.message}` }
  }
}

function handlesSkb({ type }: ProgramSpec): boolean {
  return type === 'sched_cls' || type === 'sched_act' || type === 'cgroup_skb' || type === 'socket_filter'
}

/** With a context of zeroes: the program's type is not one that the interpreter knows. */
function runPlain(program: ProgramSpec, options: RunOptions): { verdict: number; executed: number } {
  const { maps, helpers, kfuncs, trace } = options
  const machine = new Machine(program.instructions, {
    name: program.name,
    maps: maps.byName as ReadonlyMap<string | number, VmMap>,
    helpers: { ...generalHelpers(world), ...helpers },
    kfuncs,
    trace,
  })
  const r0 = machine.run((memory) => [memory.map('the context', new Uint8Array(contextSize))])
  return { verdict: Number(BigInt.asIntN(32, r0)), executed: machine.executed }
}

interface RunOptions {
  readonly maps: VmMaps
  readonly kfuncs: VmFunctions
  readonly helpers: VmFunctions
  readonly trace: (event: TraceEvent) => void
}

const world = { now: () => 3_600_000_000_000n, random: repeatableRandom(1) }

/** Helpers that a program calls and the interpreter does not have. */
function missingHelpers(program: ProgramSpec): string[] {
  const none = (): never => {
    throw new Error('only the names are asked for')
  }
  const own = program.type === 'xdp' ? xdpHelpers(none) : handlesSkb(program) ? skbHelpers(none) : {}
  const known = new Set([...Object.keys(generalHelpers(world)), ...Object.keys(own)])
  const called = program.instructions
    .filter(({ opcode, src }) => opcode === 0x85 && src === 0)
    .flatMap((instruction) => calleeName(instruction) ?? [])
  return [...new Set(called)].filter((name) => !known.has(name))
}
