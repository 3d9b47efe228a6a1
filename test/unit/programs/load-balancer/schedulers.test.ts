import { beforeEach, describe, expect, test } from 'vitest'
import { tcpFlags } from '../../../../src/asm/packet/transport.ts'
import { buildRing } from '../../../../src/programs/load-balancer/control/ring.ts'
import { turns } from '../../../../src/programs/load-balancer/datapath/maps.ts'
import { Balancer, service } from './balancer.ts'

let balancer: Balancer

beforeEach(() => {
  balancer = new Balancer()
})

describe('schedulers', () => {
  /** Backends of as many new connections, each from a port of its own. */
  const open = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      balancer.conntrack.table.clear()
      balancer.send({ sourcePort: 1024 + i, flags: tcpFlags.syn })
      return Number(balancer.conntrack.only.object.get('mark')) & 0xffff
    })

  test('round robin takes turns along the ring', () => {
    balancer.addService('round-robin', [4, 5, 4, 6])
    expect(open(9)).toEqual([4, 5, 4, 6, 4, 5, 4, 6, 4])
    expect(balancer.machine.maps.of(turns).get({ index: service })).toEqual({ next: 9 })
  })

  test('its counter wraps around', () => {
    balancer.addService('round-robin', [4, 5])
    balancer.machine.maps.of(turns).set({ index: service }, { next: 0xffff_ffff })
    expect(open(3)).toEqual([5, 4, 5])
  })

  test('random picks each place of the ring', () => {
    balancer.addService('random', [4, 5, 6])
    const picked = [0, 1, 2, 3, 0xffff_ffff].map((value) => {
      balancer.random = value
      return open(1)[0]
    })
    expect(picked).toEqual([4, 5, 6, 4, 4 + (0xffff_ffff % 3)])
  })

  test('weights: a backend gets its share of the ring, whatever the scheduler', () => {
    const shares = [
      { backend: 1, weight: 5 },
      { backend: 2, weight: 3 },
      { backend: 3, weight: 2 },
    ]
    balancer.addService('round-robin', buildRing(shares))
    const taken = open(200)
    expect([1, 2, 3].map((backend) => taken.filter((b) => b === backend).length)).toEqual([100, 60, 40])
    balancer.addService('random', buildRing(shares))
    const drawn = Array.from({ length: 200 }, (_, i) => {
      balancer.random = i
      return open(1)[0]
    })
    expect([1, 2, 3].map((backend) => drawn.filter((b) => b === backend).length)).toEqual([100, 60, 40])
  })
})
