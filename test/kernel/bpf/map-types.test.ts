import { execFileSync } from 'node:child_process'
import { afterEach, expect } from 'vitest'
import { array, hash, perCpuArray } from '../../../src/asm/dsl/map/definition.ts'
import { be16, be32, u16, u64 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import { createMap, createPerCpuMap } from '../../../src/loader/bpf/create-map.ts'
import { test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'

const withBpftool = installed('bpftool') ? test : test.skip
const open: { close(): void }[] = []
afterEach(() => {
  for (const map of open.splice(0)) map.close()
})

function dump(name: string): unknown {
  const entries = JSON.parse(
    execFileSync('bpftool', ['-j', 'map', 'dump', 'name', name], { encoding: 'utf8' }),
  ) as { formatted?: unknown }[]
  return entries.map(({ formatted }) => formatted)
}

const Key = struct('key', { address: be32, port: be16, reserved: u16 })
const Count = struct('count', { packets: u64 })

withBpftool('bpftool shows the fields of maps made from their definition', () => {
  const name = `t_${process.pid}`
  const table = createMap(hash(`${name}_h`, Key, Count, { maxEntries: 4 }))
  const list = createMap(array(`${name}_a`, Count, { maxEntries: 2 }))
  const perCpu = createPerCpuMap(perCpuArray(`${name}_p`, Count, { maxEntries: 1 }))
  open.push(table, list, perCpu)
  table.set({ address: 0, port: 0, reserved: 7 }, { packets: 3n })
  list.set(1, { packets: 9n })
  expect(dump(`${name}_h`)).toEqual([{ key: { address: 0, port: 0, reserved: 7 }, value: { packets: 3 } }])
  expect(dump(`${name}_a`)).toEqual([
    { key: 0, value: { packets: 0 } },
    { key: 1, value: { packets: 9 } },
  ])
  expect(JSON.stringify(dump(`${name}_p`))).toContain('"value":{"packets":0}')
})
