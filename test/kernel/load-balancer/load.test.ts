import { expect } from 'vitest'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { ingress } from '../../../src/programs/load-balancer/datapath/ingress.ts'
import { test } from '../support/kernel-test.ts'

for (const linkHeader of [14, 0])
  test(`the verifier accepts lb_ingress behind ${linkHeader} bytes of link header`, () => {
    const spec = ingress({ linkHeader })
    const maps = new Map(spec.maps.map((map) => [map.name, BpfMap.create(map)]))
    try {
      const program = loadProgram(spec, { maps })
      expect(program.name).toBe('lb_ingress')
      program.close()
    } finally {
      for (const map of maps.values()) map.close()
    }
  })
