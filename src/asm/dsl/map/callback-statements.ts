import type { Timer } from '../../layout/kernel-owned.ts'
import { s64, u64 } from '../../layout/scalar.ts'
import type { Fields } from '../../layout/struct.ts'
import { callWithCallback, laterCallback } from '../control/callback.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, widenTo } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import { addressOf, location, type Space } from '../memory/location.ts'
import { type Ref, type RefOf, structRef } from '../memory/reference.ts'
import { checkMapType, mapAddress, mapPointer } from './access.ts'
import type { KeyedMapType, MapDefinition } from './definition.ts'
import { LockStatements } from './lock-statements.ts'

/** Types of maps that can be walked through (`map_for_each_callback` in kernel/bpf). */
type WalkableMapType = Exclude<KeyedMapType, 'lpm_trie'>
const walkable = ['hash', 'lru_hash', 'percpu_hash', 'lru_percpu_hash', 'array', 'percpu_array'] as const

/** Clocks of a timer: CLOCK_REALTIME and so on (include/uapi/linux/time.h). */
const clocks = { realtime: 0, monotonic: 1, boottime: 7 } as const

/** When a timer expires. */
export interface TimerOptions {
  /** Nanoseconds from now. */
  readonly after: number | bigint | Int
  /** `monotonic` stands still while the machine is suspended, `boottime` does not; `monotonic` when absent. */
  readonly clock?: keyof typeof clocks
}

/** The timer whose time has come. */
export interface ExpiredTimer {
  /** Lets it expire again after so many nanoseconds, with the same function. */
  again(nanoseconds: number | bigint | Int): void
}

/** Statements about maps in which the kernel calls functions of the program. */
export class CallbackStatements extends LockStatements {
  /**
   * Runs `body` for every element of a map (`bpf_for_each_map_elem`, Linux 5.13): of per-CPU maps with the own CPU's
   * value. It is a loop's body: `b.break`, `b.continue` and `b.return` work, and it may use what is outside of it.
   * Elements that come or go meanwhile are seen, or not. The element may be deleted in it.
   *
   * @returns how many elements were seen
   */
  forEach<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, WalkableMapType>,
    body: (key: Ref<K, 'constant'>, element: Ref<V, 'map'>) => void,
  ): Int<'s64'> {
    const { emitter } = this
    checkMapType(map.spec, walkable, 'cannot be walked through by a program')
    const seen = callWithCallback(emitter, {
      name: `each_${identifier(map.spec.name)}`,
      parameters: ['ptr', 'ptr', 'ptr', 'ptr'],
      context: 3,
      body: ([, key, value]) => {
        if (key === undefined || value === undefined) throw new Error('a callback without its parameters')
        body(
          structRef(emitter, map.key, key, 'constant', `a key of ${map.spec.name}`),
          structRef(emitter, map.value, value, 'map', map.spec.name),
        )
      },
      callee: helpers.for_each_map_elem,
      args: (callback, context) => [mapPointer(this, map), callback, context, emitter.constant(0n, 'i64')],
    })
    return new Int(emitter, s64, seen)
  }

  /**
   * Starts the timer in an element of a map (Linux 5.15), also one that was started before: when it expires, `body`
   * runs, on its own, with that element. It sees nothing of what is around it: what it needs is in the element. The
   * timer ends with the element, and with the map's last user-space holder (a pin is one).
   *
   * ```ts
   * b.startTimer(flows, flow.timer, { after: 30_000_000_000n }, (key) => b.delete(flows, key))
   * ```
   *
   * @returns 0, or a negative errno: -EPERM when no process holds the map any more
   */
  startTimer<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, 'hash' | 'lru_hash' | 'array'>,
    timer: RefOf<typeof Timer, 'map'>,
    options: TimerOptions,
    body: (key: Ref<K, 'constant'>, element: Ref<V, 'map'>, timer: ExpiredTimer) => void,
  ): Int<'s64'> {
    const { emitter } = this
    checkMapType(map.spec, ['hash', 'lru_hash', 'array'], 'can have no timers')
    const { offset } = timer[location]
    const address = timerAddress(timer)
    const clock = emitter.constant(BigInt(clocks[options.clock ?? 'monotonic']), 'i64')
    const after = this.#nanoseconds(options.after)
    // -EBUSY when it was done before.
    emitter.call(helpers.timer_init, 'none', [address, mapAddress(emitter, map.spec), clock])
    const callback = laterCallback(
      emitter,
      `timer_${identifier(map.spec.name)}`,
      ['ptr', 'ptr', 'ptr'],
      ([, key, value]) => {
        if (key === undefined || value === undefined) throw new Error('a callback without its parameters')
        const step = emitter.constant(BigInt(offset), 'i64')
        body(
          structRef(emitter, map.key, key, 'constant', `a key of ${map.spec.name}`),
          structRef(emitter, map.value, value, 'map', map.spec.name),
          {
            again: (nanoseconds) => {
              const own = emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [value, step])
              const flags = emitter.constant(0n, 'i64')
              emitter.call(helpers.timer_start, 'none', [own, this.#nanoseconds(nanoseconds), flags])
            },
          },
        )
      },
    )
    emitter.call(helpers.timer_set_callback, 'none', [address, callback])
    const result = emitter.call(helpers.timer_start, 'i64', [address, after, emitter.constant(0n, 'i64')])
    return new Int(emitter, s64, result)
  }

  /**
   * Stops a timer, and waits for its function where that runs on another CPU.
   *
   * @returns 1 when it was running, 0 when not, -EDEADLK in its own function, -EINVAL before it was ever started
   */
  cancelTimer(timer: RefOf<typeof Timer, 'map'>): Int<'s64'> {
    const { emitter } = this
    return new Int(emitter, s64, emitter.call(helpers.timer_cancel, 'i64', [timerAddress(timer)]))
  }

  #nanoseconds(value: number | bigint | Int) {
    return value instanceof Int ? widenTo(this.emitter, value, u64) : literal(this.emitter, value, u64)
  }
}

/** @throws {BuildError} for something else than a timer in a map's value */
function timerAddress(timer: RefOf<typeof Timer, Space>) {
  const { type, space, what } = timer[location]
  if (type.kind === 'struct' && type.name === 'bpf_timer' && space === 'map') return addressOf(timer)
  throw new BuildError('ARGUMENT', `${what} is no timer in a map's value`, callerPosition(), {
    hint: 'Give the value a field of type Timer and pass that.',
  })
}

function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_')
}
