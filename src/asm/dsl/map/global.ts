import { chars } from '../../layout/bytes.ts'
import { type Fields, type StructType, struct, type ValueOf } from '../../layout/struct.ts'
import type { GlobalData, MapSpec } from '../../program.ts'
import { ArrayIndex, type SpecOf } from './definition.ts'
import { specOf } from './spec.ts'

/** Data that a program has besides its stack and its maps: one struct, read and written by field. */
export interface GlobalDefinition<
  V extends Fields = Fields,
  S extends GlobalData['section'] = GlobalData['section'],
> {
  readonly kind: 'global'
  readonly spec: SpecOf<'array'> & { readonly global: GlobalData & { readonly section: S } }
  readonly value: StructType<V>
}

/** Constant data with other values than its definition gives, for `loadProgram`. */
export interface GivenConstants {
  readonly spec: MapSpec
  readonly bytes: Uint8Array
}

/** Constant data: see {@link rodata}. */
export interface ConstantDefinition<V extends Fields = Fields> extends GlobalDefinition<V, 'rodata'> {
  /** The constants with these values instead, for one loading of a program: `{ constants: [config.with({ … })] }`. */
  with(values: Partial<ValueOf<StructType<V>>>): GivenConstants
}

/** BPF_F_RDONLY_PROG (include/uapi/linux/bpf.h): programs may only read. */
const readOnlyForPrograms = 1 << 7
/** BPF_F_MMAPABLE (include/uapi/linux/bpf.h): user space may map it into its memory. */
const mappable = 1 << 10

/**
 * Constants that are set before the program is loaded, and known to the verifier: it leaves out code that they make
 * impossible. `.rodata` of an ELF object.
 *
 * ```ts
 * const config = rodata('config', struct('config', { verbose: u32 }), { verbose: 0 })
 * b.if(b.global(config).verbose.ne(0), () => b.printk('…'))
 * loadProgram(program, { maps, constants: [config.with({ verbose: 1 })] })
 * ```
 *
 * @param initial fields that are left out are zero
 */
export function rodata<V extends Fields>(
  name: string,
  value: StructType<V>,
  initial: Partial<ValueOf<StructType<V>>> = {},
): ConstantDefinition<V> {
  const bytes = encodeOver(value, new Uint8Array(value.size), initial)
  const definition = define(name, value, { section: 'rodata', initial: bytes }, readOnlyForPrograms)
  return {
    ...definition,
    with: (values) => ({
      spec: definition.spec,
      bytes: encodeOver(value, bytes, values),
    }),
  }
}

/** Variables of the program that user space can read and write: `.data` of an ELF object (Linux 5.5). */
export function data<V extends Fields>(
  name: string,
  value: StructType<V>,
  initial: Partial<ValueOf<StructType<V>>>,
): GlobalDefinition<V, 'data'> {
  const bytes = encodeOver(value, new Uint8Array(value.size), initial)
  return define(name, value, { section: 'data', initial: bytes }, mappable)
}

/** As {@link data}, all zero at first: `.bss` of an ELF object. */
export function bss<V extends Fields>(name: string, value: StructType<V>): GlobalDefinition<V, 'bss'> {
  return define(name, value, { section: 'bss', initial: new Uint8Array(value.size) }, mappable)
}

/** A text as constant data, with a zero byte at its end; the same text is the same data. */
export function textData(text: string): ConstantDefinition {
  let known = texts.get(text)
  if (known === undefined) {
    const size = new TextEncoder().encode(text).byteLength + 1
    const type = struct('text', { text: chars(size) })
    known = rodata(`.str.${fingerprint(text)}`, type, { text }) as unknown as ConstantDefinition
    texts.set(text, known)
  }
  return known
}

const texts = new Map<string, ConstantDefinition>()

function define<V extends Fields, S extends GlobalData['section']>(
  name: string,
  value: StructType<V>,
  global: GlobalData & { readonly section: S },
  flags: number,
): GlobalDefinition<V, S> {
  const spec = { ...specOf(name, 'array', 4, value.size, { maxEntries: 1, flags }), global }
  return { kind: 'global', spec: { ...spec, layout: { key: ArrayIndex, value } }, value }
}

/** The bytes of a struct with some of its fields changed. */
function encodeOver<V extends Fields>(type: StructType<V>, bytes: Uint8Array, values: object): Uint8Array {
  return type.encode({ ...type.decode(bytes), ...values } as never)
}

/** Eight hexadecimal digits: FNV-1a over the characters (Fowler, Noll, Vo). */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
