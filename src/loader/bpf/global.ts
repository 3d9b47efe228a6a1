import type { GivenConstants, GlobalDefinition } from '../../asm/dsl/map/global.ts'
import { type Codec, rawCodec } from '../../asm/layout/codec.ts'
import { type Fields, type StructType, sizeOf, type ValueOf } from '../../asm/layout/struct.ts'
import type { GlobalData, MapSpec } from '../../asm/program.ts'
import { type MappedMemory, mapMemory } from '../ffi.ts'
import { pageSize } from '../page-size.ts'
import type { Fd } from './fd.ts'
import type { BpfMap } from './map.ts'
import { createMapWithTypes } from './map-with-types.ts'
import { type BpfSyscall, kernelBpf } from './syscall.ts'

const PROT_READ_WRITE = 3
const MAP_SHARED = 1

/**
 * Makes the map behind a piece of global data: filled with what it begins with, constants closed against change.
 *
 * @param bytes other contents than the specification gives
 */
export function createGlobalMap(spec: MapSpec, bytes?: Uint8Array, bpf: BpfSyscall = kernelBpf): BpfMap {
  const map = createMapWithTypes(spec, { key: rawCodec(4), value: rawCodec(spec.valueSize) }, bpf)
  try {
    const contents = bytes ?? spec.global?.initial
    if (contents?.some((byte) => byte !== 0)) map.set(new Uint8Array(4), contents)
    // Frozen, the verifier may take the values for known.
    if (spec.global?.section === 'rodata') map.freeze()
    return map
  } catch (error) {
    map.close()
    throw error
  }
}

/** Variables of a program, mapped into this process's memory: what one side writes the other sees at once. */
export class BpfGlobal<V> {
  readonly spec: MapSpec
  readonly fd: Fd
  readonly #type: Codec<V> & Pick<StructType, 'fields'>
  readonly #memory: MappedMemory

  /** Use {@link createGlobal}. */
  constructor(map: BpfMap, type: Codec<V> & Pick<StructType, 'fields'>) {
    this.spec = map.spec
    this.fd = map.fd
    this.#type = type
    const length = Math.ceil(map.spec.valueSize / pageSize()) * pageSize()
    this.#memory = mapMemory(length, PROT_READ_WRITE, MAP_SHARED, map.fd.number)
  }

  /** All fields as they are now; one after the other, not at one instant. */
  get(): V {
    return this.#type.decode(this.#memory.bytes)
  }

  /** Writes these fields and leaves the others alone. @throws {TypeError | RangeError} naming the field that does not fit */
  set(values: Partial<V>): void {
    const { bytes } = this.#memory
    const encoded = this.#type.encode({ ...this.get(), ...values })
    for (const name of Object.keys(values)) {
      const field = Object.hasOwn(this.#type.fields, name) ? this.#type.fields[name] : undefined
      if (field === undefined) throw new TypeError(`global data "${this.spec.name}" has no field "${name}"`)
      bytes.set(encoded.subarray(field.offset, field.offset + sizeOf(field.type)), field.offset)
    }
  }

  /** Unmaps the memory and closes the file descriptor; the program keeps its data. Safe to call twice. */
  close(): void {
    this.#memory.close()
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Makes the variables of a program (`data` or `bss`), to be given to `loadProgram` and read and written here.
 *
 * ```ts
 * using state = createGlobal(counters)
 * using program = loadProgram(spec, { maps: [state] })
 * state.get().packets
 * ```
 *
 * @throws {BpfError} when the kernel refuses
 */
export function createGlobal<V extends Fields>(
  definition: GlobalDefinition<V, Exclude<GlobalData['section'], 'rodata'>>,
): BpfGlobal<ValueOf<StructType<V>>> {
  const map = createGlobalMap(definition.spec)
  try {
    return new BpfGlobal(map, definition.value as never)
  } catch (error) {
    map.close()
    throw error
  }
}

/** The contents that `loadProgram` was given for a piece of constant data. */
export function givenFor(spec: MapSpec, constants: readonly GivenConstants[]): Uint8Array | undefined {
  return constants.find((given) => given.spec.name === spec.name)?.bytes
}
