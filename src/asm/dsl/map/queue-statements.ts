import { s64 } from '../../layout/scalar.ts'
import type { Fields } from '../../layout/struct.ts'
import { Condition } from '../core/condition.ts'
import { Int } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import type { Space } from '../memory/location.ts'
import { type Ref, structRef, type Values } from '../memory/reference.ts'
import { checkMapType, mapAddress, memoryOf } from './access.ts'
import type { LookupCases } from './map-statements.ts'
import { MapStatements } from './map-statements.ts'
import type { QueueDefinition } from './queue.ts'

/** BPF_EXIST (include/uapi/linux/bpf.h): a full queue drops its oldest value. */
const replaceOldest = 2

/** Statements about queues, stacks and bloom filters. */
export class QueueStatements extends MapStatements {
  /**
   * Puts a value into a queue or stack, or adds it to a bloom filter.
   *
   * @param options.full what a full queue or stack does: refuse the new value (-E2BIG) or drop the oldest
   * @returns 0, or a negative errno
   */
  push<V extends Fields>(
    map: QueueDefinition<V>,
    value: Values<V> | Ref<V, Space>,
    options: { readonly full?: 'refuse' | 'drop-oldest' } = {},
  ): Int<'s64'> {
    const { emitter } = this
    const flags = options.full === 'drop-oldest' ? replaceOldest : 0
    const stored = memoryOf(this, map.value, value)
    const args = [mapAddress(emitter, map.spec), stored, emitter.constant(BigInt(flags), 'i64')]
    return new Int(emitter, s64, emitter.call(helpers.map_push_elem, 'i64', args))
  }

  /** Takes a value out of a queue or stack: `hit` runs with it, `miss` where it is empty. */
  pop<V extends Fields>(map: QueueDefinition<V, 'queue' | 'stack'>, cases: LookupCases<V, 'frame'>): void {
    this.#take('map_pop_elem', map, cases)
  }

  /** As {@link pop}, and leaves the value where it is. */
  peek<V extends Fields>(map: QueueDefinition<V, 'queue' | 'stack'>, cases: LookupCases<V, 'frame'>): void {
    this.#take('map_peek_elem', map, cases)
  }

  /** Whether a value may have been added to a bloom filter; where this does not hold, it was not. */
  mayContain<V extends Fields>(
    map: QueueDefinition<V, 'bloom_filter'>,
    value: Values<V> | Ref<V, Space>,
  ): Condition {
    const { emitter } = this
    checkMapType(map.spec, ['bloom_filter'], 'is no bloom filter')
    const asked = memoryOf(this, map.value, value)
    const result = emitter.call(helpers.map_peek_elem, 'i64', [mapAddress(emitter, map.spec), asked])
    return Condition.compare('eq', result, emitter.constant(0n, 'i64'), emitter.scope)
  }

  #take<V extends Fields>(
    helper: 'map_pop_elem' | 'map_peek_elem',
    map: QueueDefinition<V, 'queue' | 'stack'>,
    cases: LookupCases<V, 'frame'>,
  ): void {
    const { emitter } = this
    checkMapType(map.spec, ['queue', 'stack'], 'is neither queue nor stack')
    const { name, size } = map.value
    // Not zeroed: the helper writes all of it before `hit` sees it.
    const object = emitter.ssa.frameObject(name, size, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    const result = emitter.call(helpers[helper], 'i64', [mapAddress(emitter, map.spec), pointer])
    this.ifElse(
      'eq',
      result,
      emitter.constant(0n, 'i64'),
      () => cases.hit(structRef(emitter, map.value, pointer, 'frame', name)),
      cases.miss ?? (() => {}),
    )
  }
}
