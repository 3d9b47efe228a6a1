import { expect, test } from 'vitest'
import { drawTopology } from '../../../../src/cli/render/demo-drawing.ts'
import { demoTopology } from '../../../../src/programs/load-balancer/demo/topology.ts'

test('the sandbox as a drawing', () => {
  expect(`\n${drawTopology(demoTopology(1))}\n`).toBe(
    `
                   ┌──────────────────────┐     ┌───────────┐
                   │                 eth1 ├─────┤ backend-1 │ 10.0.1.10:8080
┌───────────┐     │                      │     └───────────┘
│  client   │     │       balancer       │     ┌───────────┐
│ 10.0.0.10 ├─────┤ eth0  10.0.0.1  eth2 ├─────┤ backend-2 │ 10.0.2.10:8080
└───────────┘     │       port 80        │     └───────────┘
                   │                      │     ┌───────────┐
                   │                 eth3 ├─────┤ backend-3 │ 10.0.3.10:8080
                   └──────────────────────┘     └───────────┘
`.replaceAll(/^ {19}/gm, ' '.repeat(18)),
  )
})
