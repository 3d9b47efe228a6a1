import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import { array } from '../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import type { SkbContext } from '../../../../src/asm/dsl/program/context.ts'
import { type ProgramOptions, tc } from '../../../../src/asm/dsl/program/program.ts'
import { s32, s64, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { runTc, type TcOptions, type TcResult } from '../../../../src/asm/vm/run-tc.ts'

/** What the small programs of these tests read; nothing in them is known when they are compiled. */
export const Input = struct('input', { a: u64, b: u64, c: u32, d: u32, e: s32, f: s32, g: s64, h: s64 })
const input = array('input', Input, { maxEntries: 1 })

/** Values of {@link Input}; those left out are 0. */
export type InputValues = Partial<Record<keyof typeof Input.fields, number | bigint>>

/** A program that reads its input from a map, and that runs in the interpreter. */
export interface SmallProgram {
  readonly spec: ProgramSpec
  /** Runs it. @returns r0, unsigned */
  run(values?: InputValues, options?: TcOptions, packet?: Uint8Array): bigint
  /** Runs it and gives everything it did. */
  result(values?: InputValues, options?: TcOptions, packet?: Uint8Array): TcResult
}

/** Compiles a small program. `write` must return. */
export function program(
  write: (b: ProgramBuilder, input: RefOf<typeof Input>, skb: SkbContext) => void,
  options: ProgramOptions = {},
): SmallProgram {
  const spec = tc(
    'small',
    (b, skb) => {
      write(b, b.lookup(input, 0, { otherwise: -1 }), skb)
    },
    options,
  )
  const result: SmallProgram['result'] = (values = {}, how = {}, packet = new Uint8Array(64)) => {
    const maps = how.maps ?? new VmMaps(spec.maps)
    const zeroes = Input.decode(new Uint8Array(Input.size))
    maps.of(input).set({ index: 0 }, Input.decode(encodeInput({ ...zeroes, ...values })))
    return runTc(spec, packet, { ...how, maps })
  }
  return { spec, result, run: (...args) => result(...args).r0 }
}

/** The map value of an {@link Input}. */
export function inputBytes(values: InputValues): Uint8Array {
  return encodeInput(values)
}

function encodeInput(values: Record<string, number | bigint>): Uint8Array {
  const bytes = new Uint8Array(Input.size)
  const view = new DataView(bytes.buffer)
  for (const [name, { offset, type }] of Object.entries(Input.fields)) {
    const value = BigInt(values[name] ?? 0)
    if (type.size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value), true)
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true)
  }
  return bytes
}
