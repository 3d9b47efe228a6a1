import { constants } from 'node:os'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { Codec } from '../../asm/layout/codec.ts'
import type { MapSpec } from '../../asm/program.ts'
import { bpfError } from './error.ts'
import {
  type MapHandle,
  mapLookup,
  mapLookupBatch,
  mapNextKey,
  mapUpdate,
  mapUpdateBatch,
} from './map-commands.ts'
import type { BpfSyscall } from './syscall.ts'

/** Bytes of keys and values that one batch is made to hold, roughly. */
const BATCH_BYTES = 64 * 1024

/** ENOTSUPP: what the kernel says for an operation that a type of map lacks (include/linux/errno.h). */
const ENOTSUPP = 524
const { ENOENT, ENOSPC, EINVAL, EOPNOTSUPP } = constants.errno
const withoutBatches: ReadonlySet<number> = new Set([ENOTSUPP, EINVAL, EOPNOTSUPP])

/**
 * Reads every entry as key and value bytes. Hash maps are read bucket by bucket (BPF_MAP_LOOKUP_BATCH), which meets
 * each entry at most once whatever happens meanwhile. Types without that are walked key by key; there the kernel
 * starts over when the key it stands on has been deleted, so keys already seen are left out.
 *
 * @param handle asked before every call, so that use after close is an error
 */
export function* readEntries(
  bpf: BpfSyscall,
  handle: () => MapHandle,
  spec: MapSpec,
  valueSize: number,
): Generator<[Uint8Array, Uint8Array]> {
  if (spec.type === 'lpm_trie' || spec.type === 'prog_array' || spec.type === 'array_of_maps') {
    yield* walkKeys(bpf, handle, spec, valueSize)
    return
  }
  let capacity = Math.max(16, Math.floor(BATCH_BYTES / (spec.keySize + valueSize)))
  capacity = Math.min(capacity, spec.maxEntries)
  let position: Uint8Array | undefined
  for (;;) {
    const keys = new Uint8Array(capacity * spec.keySize)
    const values = new Uint8Array(capacity * valueSize)
    const next = new Uint8Array(Math.max(4, spec.keySize))
    const batch = { keys, values, count: capacity }
    const { errno, count } = mapLookupBatch(bpf, handle(), position, next, batch)
    if (errno === ENOSPC) {
      // One bucket holds more than the whole batch has room for.
      capacity *= 2
      continue
    }
    if (position === undefined && withoutBatches.has(errno)) {
      yield* walkKeys(bpf, handle, spec, valueSize)
      return
    }
    if (errno !== 0 && errno !== ENOENT)
      throw bpfError('BPF_MAP_LOOKUP_BATCH', errno, `read the entries of ${handle().what}`)
    for (let i = 0; i < count; i++)
      yield [
        keys.subarray(i * spec.keySize, (i + 1) * spec.keySize),
        values.subarray(i * valueSize, (i + 1) * valueSize),
      ]
    if (errno === ENOENT) return
    position = next
  }
}

function* walkKeys(
  bpf: BpfSyscall,
  handle: () => MapHandle,
  spec: MapSpec,
  valueSize: number,
): Generator<[Uint8Array, Uint8Array]> {
  const seen = new Set<string>()
  let key = nextKey(undefined)
  // Starting over costs a step for each key that is still there; a map that is rewritten all the time must end too.
  for (let steps = 0; key !== undefined; steps++) {
    if (steps > 4 * spec.maxEntries + 64)
      throw new TsbpfError('MAP_ITERATION', `the entries of ${handle().what} change too fast to be read`, {
        hint: 'Each time a key vanishes under the reader the kernel starts over; try again later.',
      })
    const name = String.fromCharCode(...key)
    const value = new Uint8Array(valueSize)
    const fresh = !seen.has(name) && mapLookup(bpf, handle(), key, value)
    // Fetched before the caller may delete the current key, which would send the kernel back to the start.
    const following = nextKey(key)
    if (fresh) {
      seen.add(name)
      yield [key, value]
    }
    key = following
  }

  function nextKey(previous: Uint8Array | undefined): Uint8Array | undefined {
    const next = new Uint8Array(spec.keySize)
    return mapNextKey(bpf, handle(), previous, next) ? next : undefined
  }
}

/** Writes every entry, in batches where the map's type can (5.6+), else one by one. */
export function writeEntries<K, V>(
  bpf: BpfSyscall,
  map: MapHandle,
  codecs: { readonly key: Codec<K>; readonly value: Codec<V> },
  entries: Iterable<readonly [K, V]>,
  flags: number,
): void {
  const capacity = Math.max(1, Math.floor(BATCH_BYTES / (codecs.key.size + codecs.value.size)))
  const keys = new Uint8Array(capacity * codecs.key.size)
  const values = new Uint8Array(capacity * codecs.value.size)
  let count = 0
  const flush = () => {
    writeBatch(bpf, map, keys, values, count, flags)
    count = 0
  }
  for (const [key, value] of entries) {
    keys.set(codecs.key.encode(key), count * codecs.key.size)
    values.set(codecs.value.encode(value), count * codecs.value.size)
    if (++count === capacity) flush()
  }
  if (count > 0) flush()

  function writeBatch(
    bpf: BpfSyscall,
    map: MapHandle,
    keys: Uint8Array,
    values: Uint8Array,
    count: number,
    flags: number,
  ): void {
    const keySize = codecs.key.size
    const valueSize = codecs.value.size
    const result = mapUpdateBatch(bpf, map, { keys, values, count }, flags)
    if (result.errno === 0) return
    // One by one from where it stopped: types without batches get done, and a failure names its real cause.
    for (let i = result.count; i < count; i++)
      mapUpdate(
        bpf,
        map,
        keys.slice(i * keySize, (i + 1) * keySize),
        values.slice(i * valueSize, (i + 1) * valueSize),
        flags,
      )
  }
}
