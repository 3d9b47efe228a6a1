import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { type MapSpec, type MapType, mapTypes } from '../../asm/program.ts'
import { mapFlags } from './constants.ts'
import { perCpuStride } from './per-cpu-codec.ts'
import { checkObjectName } from './request.ts'

/** A map that exists is not the one the program needs. */
export class MapMismatchError extends TsbpfError {
  /** One sentence for each property that differs. */
  readonly differences: readonly string[]

  constructor(what: string, differences: readonly string[]) {
    super('MAP_MISMATCH', `${what} is not the expected map: ${differences.join('; ')}`, {
      hint: 'It was made by another version or another program. Remove its pin to start afresh; its entries are lost.',
    })
    this.differences = differences
  }
}

const arrayTypes: ReadonlySet<MapType> = new Set<MapType>([
  'array',
  'percpu_array',
  'prog_array',
  'array_of_maps',
  'perf_event_array',
  'cgroup_array',
  'devmap',
  'cpumap',
  'xskmap',
  'sockmap',
])
const withoutKeys: ReadonlySet<MapType> = new Set<MapType>(['queue', 'stack', 'bloom_filter'])

const perCpuTypes: ReadonlySet<MapType> = new Set<MapType>(['percpu_hash', 'percpu_array', 'lru_percpu_hash'])

/** Whether the map's keys are indexes that always exist. */
export function isArrayType(type: MapType): boolean {
  return arrayTypes.has(type)
}

/** Whether it keeps values for objects of the kernel, as long as these live. */
export function isStorage(type: MapType): boolean {
  return (
    type === 'sk_storage' || type === 'inode_storage' || type === 'task_storage' || type === 'cgrp_storage'
  )
}

/** Whether an entry holds a value for each CPU. */
export function isPerCpuType(type: MapType): boolean {
  return perCpuTypes.has(type)
}

/** Bytes of an entry's value as bpf(2) exchanges them. */
export function transferSize(type: MapType, valueSize: number, cpus: () => number): number {
  return isPerCpuType(type) ? perCpuStride(valueSize) * cpus() : valueSize
}

/**
 * Refuses a specification that no kernel accepts, saying what is wrong where the kernel only says EINVAL.
 *
 * @throws {TsbpfError} with code `MAP_SPEC`
 */
export function checkMapSpec(spec: MapSpec): void {
  checkObjectName(spec.name)
  const problem = findProblem(spec)
  if (problem !== undefined)
    throw new TsbpfError('MAP_SPEC', `map "${spec.name}" (${spec.type}) cannot be created: ${problem}`)
  if (spec.inner !== undefined) checkMapSpec(spec.inner)
}

function findProblem(spec: MapSpec): string | undefined {
  const { type, keySize, valueSize, maxEntries, flags, inner } = spec
  const ofMaps = type === 'array_of_maps' || type === 'hash_of_maps'
  for (const [name, value] of Object.entries({ keySize, valueSize, maxEntries, flags }))
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
      return `${name} expected 0 to 2^32-1, got ${value}`
  if (isStorage(type)) {
    if (maxEntries !== 0) return `it grows with what it belongs to: maxEntries must be 0, got ${maxEntries}`
    return keySize === 4 ? undefined : `keys are file descriptors, got keySize ${keySize}`
  }
  if (maxEntries === 0) return 'maxEntries is 0'
  if (type === 'ringbuf') {
    if (keySize !== 0 || valueSize !== 0) return 'a ring buffer has no keys and values: both sizes must be 0'
    if (maxEntries % 4096 !== 0 || (maxEntries & (maxEntries - 1)) !== 0)
      return `maxEntries is its size in bytes, a power of two and a multiple of the page size, got ${maxEntries}`
    return undefined
  }
  if (withoutKeys.has(type)) return keySize === 0 ? undefined : `it has no keys, got keySize ${keySize}`
  if (keySize === 0) return 'keySize is 0'
  if (valueSize === 0) return 'valueSize is 0'
  if (isArrayType(type) && keySize !== 4) return `keys are 4-byte indexes, got keySize ${keySize}`
  if ((ofMaps || type === 'prog_array') && valueSize !== 4)
    return `values are 4-byte references, got valueSize ${valueSize}`
  if (ofMaps !== (inner !== undefined))
    return ofMaps ? 'the inner map is not given' : 'it cannot have an inner map'
  if (type === 'lpm_trie' && (flags & mapFlags.no_prealloc) === 0)
    return 'it needs the flag BPF_F_NO_PREALLOC (1)'
  if (type === 'lpm_trie' && (keySize < 5 || keySize > 260))
    return `keys are a 4-byte prefix length and 1 to 256 bytes, got keySize ${keySize}`
  return undefined
}

/** What two maps must have in common to be taken for one another. */
export interface MapShape {
  /** By the names of `mapTypes`. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
}

/**
 * Compares an existing map with what is expected: type, sizes and number of entries.
 *
 * @returns a sentence for each difference; none when it fits
 */
export function mapDifferences(spec: MapShape, actual: MapShape): string[] {
  const differences: string[] = []
  const compare = (name: string, expected: string | number, found: string | number) => {
    if (expected !== found) differences.push(`${name} is ${found}, expected ${expected}`)
  }
  compare('type', spec.type, actual.type)
  compare('key size', spec.keySize, actual.keySize)
  compare('value size', spec.valueSize, actual.valueSize)
  compare('number of entries', spec.maxEntries, actual.maxEntries)
  return differences
}

/** The name of a map type's number; `type 99` for one that this package does not know. */
export function mapTypeName(number: number): string {
  return Object.entries(mapTypes).find(([, value]) => value === number)?.[0] ?? `type ${number}`
}
