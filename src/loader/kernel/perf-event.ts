import { readFileSync } from 'node:fs'
import { PointerScope, syscallRaw } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { PERF_ATTR_SIZE_VER1, PERF_FLAG_FD_CLOEXEC, PERF_TYPE_TRACEPOINT } from '../system-constants.ts'

/** Where the kernel says which perf event type kprobes have, and which bit of `config` means a return probe. */
const kprobeSource = '/sys/bus/event_source/devices/kprobe'

/** @returns the descriptor of a perf event that fires at a tracepoint, or `-errno` */
export function openTracepointEvent(id: number): number {
  return open({ type: PERF_TYPE_TRACEPOINT, config: BigInt(id) })
}

/** @returns the descriptor of a perf event that fires at a kprobe, or `-errno`; undefined without kprobes (4.17) */
export function openKprobeEvent(name: string, offset: number, returning: boolean): number | undefined {
  const type = read('type')
  if (type === undefined) return undefined
  const bit = Number(/config:(\d+)/.exec(read('format/retprobe') ?? '')?.[1] ?? 0)
  const symbol = new TextEncoder().encode(`${name}\0`)
  return open({ type: Number(type), config: returning ? 1n << BigInt(bit) : 0n, symbol, offset })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(`${kprobeSource}/${file}`, 'utf8').trim()
  } catch {
    return undefined
  }
}

interface Event {
  readonly type: number
  readonly config: bigint
  readonly symbol?: Uint8Array
  readonly offset?: number
}

/** One event for all CPUs and processes: a tracepoint or probe fires wherever it is passed. */
function open({ type, config, symbol, offset = 0 }: Event): number {
  const attribute = new Uint8Array(PERF_ATTR_SIZE_VER1)
  const view = new DataView(attribute.buffer)
  const pointers = new PointerScope()
  view.setUint32(0, type, true)
  view.setUint32(4, PERF_ATTR_SIZE_VER1, true)
  view.setBigUint64(8, config, true)
  // sample_period, wakeup_events: every time.
  view.setBigUint64(16, 1n, true)
  view.setUint32(48, 1, true)
  if (symbol !== undefined) view.setBigUint64(56, pointers.address(symbol), true)
  view.setBigUint64(64, BigInt(offset), true)
  const anyProcess = -1
  const noGroup = -1
  const result = syscallRaw(syscallNumber('perf_event_open'), [
    attribute,
    anyProcess,
    0,
    noGroup,
    PERF_FLAG_FD_CLOEXEC,
  ])
  pointers.release()
  return result
}
