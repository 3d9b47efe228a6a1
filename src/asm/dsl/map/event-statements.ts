import { s64, u64 } from '../../layout/scalar.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Held, Otherwise } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int, widenTo } from '../core/values.ts'
import { checkHelper } from '../helper/check-helper.ts'
import { helpers } from '../helper/helpers.ts'
import { addressOf, derive, type Located, location, type Space } from '../memory/location.ts'
import { type Ref, refAt, structRef, type Values } from '../memory/reference.ts'
import { zeroFrame } from '../memory/stack.ts'
import { storeFields } from '../memory/store.ts'
import type { ContextHandle } from '../program/context-ref.ts'
import { mapAddress, memoryOf } from './access.ts'
import type { PerfEventsDefinition, RingBufferDefinition } from './events.ts'
import { QueueStatements } from './queue-statements.ts'

/** Whether user space is woken for a record: when it has caught up (`auto`), not, or in any case. */
export type Wakeup = keyof typeof wakeups
/** BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP (include/uapi/linux/bpf.h). */
const wakeups = { auto: 0, no: 1, force: 2 } as const

/** BPF_RB_AVAIL_DATA and so on: `enum` of include/uapi/linux/bpf.h. */
const questions = { available: 0, size: 1, consumer: 2, producer: 3 } as const

/** BPF_F_CURRENT_CPU (include/uapi/linux/bpf.h). */
const currentCpu = 0xffff_ffffn

interface Initial<V extends Fields> {
  /** What the record begins with; fields that are left out are zero. */
  readonly initial?: Values<V>
}

/** Statements about what user space reads as it comes: ring buffers and perf events. */
export class EventStatements extends QueueStatements {
  /**
   * Makes room for a record in a ring buffer. `some` runs with it and must {@link submit} or {@link discard} it on
   * every way; `none` runs where the buffer is full.
   */
  reserve<V extends Fields>(
    map: RingBufferDefinition<V>,
    cases: Initial<V> & { readonly some: (record: Ref<V, 'map'>) => void; readonly none?: () => void },
  ): void
  /** As above; where the buffer is full, `otherwise` runs instead of what follows. */
  reserve<V extends Fields>(
    map: RingBufferDefinition<V>,
    options: Initial<V> & { readonly otherwise: Otherwise },
  ): Ref<V, 'map'>
  reserve<V extends Fields>(
    map: RingBufferDefinition<V>,
    cases: Initial<V> &
      (
        | { readonly some: (record: Ref<V, 'map'>) => void; readonly none?: () => void }
        | { readonly otherwise: Otherwise }
      ),
  ): Ref<V, 'map'> | undefined {
    const { emitter } = this
    const held: Held = {
      type: `record of ${map.spec.name}`,
      position: callerPosition(),
      ended: 'submitted or discarded',
    }
    const size = emitter.constant(BigInt(map.record.size), 'i64')
    const args = [mapAddress(emitter, map.spec), size, emitter.constant(0n, 'i64')]
    const pointer = emitter.call(helpers.ringbuf_reserve, 'ptr', args)
    const none = emitter.constant(0n, 'ptr')
    const record = (): Ref<V, 'map'> => {
      emitter.held.add(held)
      const type = map.record as unknown as StructType
      const whole = structRef(emitter, map.record, pointer, 'map', `${map.spec.name}'s record`)
      const ref: Ref<V, 'map'> = refAt(derive(whole[location], { held }))
      zeroFrame(emitter, pointer, type, cases.initial ?? {}, 'map')
      storeFields(ref[location], type, 0, cases.initial ?? {}, type.name)
      return ref
    }
    if ('some' in cases) {
      this.ifElse('ne', pointer, none, () => cases.some(record()), cases.none ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, none, cases.otherwise)
    return record()
  }

  /** Hands a reserved record to user space; it cannot be used any more. */
  submit(record: Located<Space>, options: { readonly wakeup?: Wakeup } = {}): void {
    this.#finish('ringbuf_submit', record, options.wakeup)
  }

  /** Throws a reserved record away; it cannot be used any more. */
  discard(record: Located<Space>, options: { readonly wakeup?: Wakeup } = {}): void {
    this.#finish('ringbuf_discard', record, options.wakeup)
  }

  /**
   * Copies a record into a ring buffer: a struct in memory, or values for its fields (all others zero).
   *
   * @returns 0, or -EAGAIN where the buffer is full
   */
  output<V extends Fields>(
    map: RingBufferDefinition<V>,
    record: Values<V> | Ref<V, Space>,
    options: { readonly wakeup?: Wakeup } = {},
  ): Int<'s64'> {
    const { emitter } = this
    const data = memoryOf(this, map.record, record)
    const args = [
      mapAddress(emitter, map.spec),
      data,
      emitter.constant(BigInt(map.record.size), 'i64'),
      emitter.constant(BigInt(wakeups[options.wakeup ?? 'auto']), 'i64'),
    ]
    return new Int(emitter, s64, emitter.call(helpers.ringbuf_output, 'i64', args))
  }

  /** Asks about a ring buffer: bytes that wait to be read, its size, positions of the reader and of the writer. */
  queryRingBuffer(map: RingBufferDefinition, question: keyof typeof questions): Int<'u64'> {
    const { emitter } = this
    const args = [mapAddress(emitter, map.spec), emitter.constant(BigInt(questions[question]), 'i64')]
    return new Int(emitter, u64, emitter.call(helpers.ringbuf_query, 'i64', args))
  }

  /**
   * Sends a record to the perf buffer of the CPU that runs the program.
   *
   * @param options.packetBytes how many bytes of the packet to append, at most 2^20 - 1; only in packet programs
   * @returns 0, or a negative errno: -ENOENT where user space reads no events of this CPU, -ENOSPC when it is full
   */
  perfOutput<V extends Fields>(
    context: ContextHandle,
    map: PerfEventsDefinition<V>,
    record: Values<V> | Ref<V, Space>,
    options: { readonly packetBytes?: number | Int } = {},
  ): Int<'s64'> {
    const { emitter } = this
    checkHelper(emitter, 'perf_event_output')
    const { packetBytes = 0 } = options
    const appended =
      typeof packetBytes === 'number'
        ? this.#constantBytes(packetBytes)
        : emitter.emit({ kind: 'binary', operator: 'or' }, 'i64', [
            emitter.emit({ kind: 'binary', operator: 'lsh' }, 'i64', [
              widenTo(emitter, packetBytes, u64),
              emitter.constant(32n, 'i64'),
            ]),
            emitter.constant(currentCpu, 'i64'),
          ])
    const args = [
      addressOf(context as unknown as Located),
      mapAddress(emitter, map.spec),
      appended,
      memoryOf(this, map.record, record),
      emitter.constant(BigInt(map.record.size), 'i64'),
    ]
    return new Int(emitter, s64, emitter.call(helpers.perf_event_output, 'i64', args))
  }

  #constantBytes(bytes: number) {
    if (!Number.isInteger(bytes) || bytes < 0 || bytes >= 2 ** 20)
      throw new BuildError('LITERAL', `packetBytes must be 0..1048575, got ${bytes}`, callerPosition())
    return this.emitter.constant((BigInt(bytes) << 32n) | currentCpu, 'i64')
  }

  #finish(
    helper: 'ringbuf_submit' | 'ringbuf_discard',
    record: Located<Space>,
    wakeup: Wakeup = 'auto',
  ): void {
    const { emitter } = this
    const { held, what, offset } = record[location]
    if (held === undefined || offset !== 0)
      throw new BuildError('ARGUMENT', `${what} is no record of a ring buffer`, callerPosition(), {
        hint: 'Pass the record that b.reserve gave.',
      })
    const args = [addressOf(record), emitter.constant(BigInt(wakeups[wakeup]), 'i64')]
    emitter.call(helpers[helper], 'none', args)
    emitter.held.delete(held)
  }
}
