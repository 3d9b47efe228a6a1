import { constants } from 'node:os'
import { errnoName } from '../errno.ts'
import { bpfError } from './error.ts'
import { BpfRequest } from './request.ts'
import { type BpfSyscall, callBpf, tryBpf } from './syscall.ts'

/** An open map as the commands need it. */
export interface MapHandle {
  readonly fd: number
  /** For messages: `map "backends"`. */
  readonly what: string
}

/** Arguments of BPF_MAP_CREATE. File descriptors and ids of 0 mean "none". */
export interface MapCreateArguments {
  /** `enum bpf_map_type`. */
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
  /** The template of a map of maps. */
  readonly innerMapFd?: number
  /** BTF that describes keys and values, for `bpftool map dump`. */
  readonly btfFd?: number
  readonly btfKeyTypeId?: number
  readonly btfValueTypeId?: number
}

/** BPF_MAP_CREATE. @returns the new map's file descriptor */
export function mapCreate(bpf: BpfSyscall, map: MapCreateArguments, hint: (errno: string) => string): number {
  const request = new BpfRequest('BPF_MAP_CREATE', 72)
    .u32(0, map.type)
    .u32(4, map.keySize)
    .u32(8, map.valueSize)
    .u32(12, map.maxEntries)
    .u32(16, map.flags)
    .u32(20, map.innerMapFd ?? 0)
    .objectName(28, map.name)
    .u32(48, map.btfFd ?? 0)
    .u32(52, map.btfKeyTypeId ?? 0)
    .u32(56, map.btfValueTypeId ?? 0)
  return callBpf(bpf, request, `create map "${map.name}"`, hint)
}

/** BPF_MAP_LOOKUP_ELEM into `value`. @returns false when there is no such key */
export function mapLookup(bpf: BpfSyscall, map: MapHandle, key: Uint8Array, value: Uint8Array): boolean {
  return found(bpf, element('BPF_MAP_LOOKUP_ELEM', map, key, value), 'look up a key in', map)
}

/** BPF_MAP_LOOKUP_AND_DELETE_ELEM into `value` (hash maps: 5.14+). @returns false when there is no such key */
export function mapTake(bpf: BpfSyscall, map: MapHandle, key: Uint8Array, value: Uint8Array): boolean {
  return found(bpf, element('BPF_MAP_LOOKUP_AND_DELETE_ELEM', map, key, value), 'take a key out of', map)
}

/** BPF_MAP_UPDATE_ELEM. @param flags one of `updateFlags` */
export function mapUpdate(
  bpf: BpfSyscall,
  map: MapHandle,
  key: Uint8Array,
  value: Uint8Array,
  flags: number,
): void {
  const request = element('BPF_MAP_UPDATE_ELEM', map, key, value).u32(24, flags)
  const result = tryBpf(bpf, request)
  if (result < 0)
    throw bpfError(request.command, -result, `update a key of ${map.what}`, updateHint(errnoName(-result)))
}

/** BPF_MAP_DELETE_ELEM. @returns false when there is no such key */
export function mapDelete(bpf: BpfSyscall, map: MapHandle, key: Uint8Array): boolean {
  return found(bpf, element('BPF_MAP_DELETE_ELEM', map, key), 'delete a key of', map)
}

/** BPF_MAP_GET_NEXT_KEY into `next`. @param key undefined for the first. @returns false after the last */
export function mapNextKey(
  bpf: BpfSyscall,
  map: MapHandle,
  key: Uint8Array | undefined,
  next: Uint8Array,
): boolean {
  return found(bpf, element('BPF_MAP_GET_NEXT_KEY', map, key, next), 'read the keys of', map)
}

/** BPF_MAP_FREEZE: user space may no longer write. */
export function mapFreeze(bpf: BpfSyscall, map: MapHandle): void {
  callBpf(bpf, new BpfRequest('BPF_MAP_FREEZE', 4).u32(0, map.fd), `freeze ${map.what}`)
}

/** What a batch reads from or writes into: `count` keys and as many values, one after the other. */
export interface Batch {
  readonly keys: Uint8Array
  readonly values: Uint8Array
  /** How many entries the buffers hold, at most 2^32-1. */
  readonly count: number
}

/** How a batch lookup went. */
export interface BatchResult {
  /** 0, or the errno: ENOENT means that this was the last batch. */
  readonly errno: number
  /** Entries carried out, also on failure. */
  readonly count: number
}

/**
 * BPF_MAP_LOOKUP_BATCH (5.6+).
 *
 * @param position where to go on, as the previous call left it in `next`; undefined at the start
 * @param next receives the position: 4 bytes for hashes, a key otherwise; give the larger of the two
 */
export function mapLookupBatch(
  bpf: BpfSyscall,
  map: MapHandle,
  position: Uint8Array | undefined,
  next: Uint8Array,
  batch: Batch,
): BatchResult {
  return runBatch(bpf, batchRequest('BPF_MAP_LOOKUP_BATCH', map, batch).pointer(0, position).pointer(8, next))
}

/** BPF_MAP_UPDATE_BATCH (5.6+). On failure the entries before `count` have been written. */
export function mapUpdateBatch(bpf: BpfSyscall, map: MapHandle, batch: Batch, flags: number): BatchResult {
  return runBatch(bpf, batchRequest('BPF_MAP_UPDATE_BATCH', map, batch).u32(40, flags))
}

/** BPF_MAP_DELETE_BATCH (5.6+); `values` is not used. */
export function mapDeleteBatch(bpf: BpfSyscall, map: MapHandle, batch: Batch): BatchResult {
  return runBatch(bpf, batchRequest('BPF_MAP_DELETE_BATCH', map, batch))
}

type BatchCommand = 'BPF_MAP_LOOKUP_BATCH' | 'BPF_MAP_UPDATE_BATCH' | 'BPF_MAP_DELETE_BATCH'

function batchRequest(command: BatchCommand, map: MapHandle, batch: Batch): BpfRequest {
  return new BpfRequest(command, 56)
    .pointer(16, batch.keys)
    .pointer(24, batch.values)
    .u32(32, batch.count)
    .u32(36, map.fd)
}

function runBatch(bpf: BpfSyscall, request: BpfRequest): BatchResult {
  const asked = request.readU32(32)
  const result = tryBpf(bpf, request)
  const count = request.readU32(32)
  // The kernel refuses some calls before it looks at `count`: EINVAL, EPERM, ENOTSUPP leave what was asked for.
  const untouched = result < 0 && -result !== constants.errno.ENOENT && count === asked
  return { errno: result < 0 ? -result : 0, count: untouched ? 0 : count }
}

function element(
  command:
    | 'BPF_MAP_LOOKUP_ELEM'
    | 'BPF_MAP_UPDATE_ELEM'
    | 'BPF_MAP_DELETE_ELEM'
    | 'BPF_MAP_LOOKUP_AND_DELETE_ELEM'
    | 'BPF_MAP_GET_NEXT_KEY',
  map: MapHandle,
  key: Uint8Array | undefined,
  value?: Uint8Array,
): BpfRequest {
  return new BpfRequest(command, 32).u32(0, map.fd).pointer(8, key).pointer(16, value)
}

function found(bpf: BpfSyscall, request: BpfRequest, verb: string, map: MapHandle): boolean {
  const result = tryBpf(bpf, request)
  if (result === -constants.errno.ENOENT) return false
  if (result < 0) throw bpfError(request.command, -result, `${verb} ${map.what}`)
  return true
}

function updateHint(errno: string): string {
  if (errno === 'E2BIG') return 'The map is full, or the index is beyond its end; raise maxEntries.'
  if (errno === 'EEXIST') return 'The key is there already and the update was asked not to replace it.'
  if (errno === 'ENOENT') return 'The key is not there and the update was asked only to replace it.'
  if (errno === 'EPERM') return 'A frozen or read-only map takes no writes from user space.'
  return ''
}
