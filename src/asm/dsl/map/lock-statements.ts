import { isKernelOwned, type SpinLock } from '../../layout/kernel-owned.ts'
import { callerPosition } from '../core/caller.ts'
import type { Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { helpers } from '../helper/helpers.ts'
import { addressOf, location } from '../memory/location.ts'
import type { RefOf } from '../memory/reference.ts'
import { GlobalStatements } from './global-statements.ts'

/** Statements about locks in map values. */
export class LockStatements extends GlobalStatements {
  /**
   * Runs `body` while the spin lock in a map's value is taken: no other CPU that takes it runs its part meanwhile.
   * Between, the kernel allows no call, no second lock and no return.
   *
   * ```ts
   * b.lock(bucket.lock, () => b.assign(bucket, { tokens: bucket.tokens.sub(1) }))
   * ```
   *
   * @throws {BuildError} for a call or a return in `body`, at its line
   */
  lock(lock: RefOf<typeof SpinLock, 'map'>, body: () => void): void {
    const { emitter } = this
    const at = lock[location]
    if (at.type.kind !== 'struct' || !isKernelOwned(at.type.name) || at.space !== 'map')
      throw new BuildError('ARGUMENT', `${at.what} is no spin lock in a map's value`, callerPosition(), {
        hint: 'Give the value a field of type SpinLock and pass that.',
      })
    const address = addressOf(lock)
    const held: Held = { type: 'spin lock', position: callerPosition(), ended: 'unlocked' }
    emitter.call(helpers.spin_lock, 'none', [address])
    emitter.held.add(held)
    emitter.locked = held
    try {
      emitter.inScope('lock', body)
    } finally {
      emitter.locked = undefined
    }
    if (!emitter.reachable) return
    emitter.call(helpers.spin_unlock, 'none', [address])
    emitter.held.delete(held)
  }
}
