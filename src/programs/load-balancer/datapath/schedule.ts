import type { ProgramBuilder } from '../../../asm/dsl/builder.ts'
import type { Int } from '../../../asm/dsl/core/values.ts'
import { u32 } from '../../../asm/layout/scalar.ts'
import { drop } from './account.ts'
import { rings, schedulers, services, turns } from './maps.ts'

/**
 * Chooses a backend for a new connection. A service's ring holds each backend as often as its weight says; the
 * schedulers differ in how they pick a place on it. A service without a usable backend drops the packet.
 *
 * @returns the backend's index
 */
export function chooseBackend(b: ProgramBuilder, serviceIndex: Int<'u32'>): Int<'u32'> {
  const nobody = { otherwise: () => drop(b, 'dropNoBackend') }
  const service = b.lookup(services, serviceIndex, nobody)
  const ring = b.lookup(rings, serviceIndex, nobody)
  const size = b.lookup(ring, 0, nobody).backend
  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))

  const place = b.variable(u32, 0)
  b.if(
    service.scheduler.eq(schedulers['round-robin']),
    () => {
      const turn = b.lookup(turns, serviceIndex, nobody)
      place.set(b.fetchAdd(turn, 'next', 1))
    },
    () => place.set(b.random()),
  )
  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
}
