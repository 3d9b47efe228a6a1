import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  demoProcessOf,
  demoTopology,
  endpointOf,
  namespacesOf,
} from '../../../../../src/programs/load-balancer/demo/topology.ts'

test('a namespace’s name tells whose it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_194_304 }), (pid) => {
      const names = namespacesOf(demoTopology(pid))
      expect(new Set(names).size).toBe(5)
      for (const name of names) expect(demoProcessOf(name)).toBe(pid)
    }),
  )
})

test.each([
  'client',
  'tsbpf-demo',
  'tsbpf-demo-12',
  'tsbpf-demo-x-client',
  'my-tsbpf-demo-1-client',
  'tsbpf-demo-0-c',
])('the namespace %s is not a demo’s', (name) => {
  expect(demoProcessOf(name)).toBe(undefined)
})

test('every host has an address of its own', () => {
  const { client, balancer, backends } = demoTopology(1)
  const addresses = [client.address, balancer.address, ...backends.flatMap((b) => [b.address, b.gateway])]
  expect(new Set(addresses).size).toBe(8)
  expect(backends.map(endpointOf)).toEqual(['10.0.1.10:8080', '10.0.2.10:8080', '10.0.3.10:8080'])
})
