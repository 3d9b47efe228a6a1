import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { bss, data, rodata } from '../../../src/asm/dsl/map/global.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { programObject } from '../../../src/asm/elf/program-object.ts'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import { createGlobal } from '../../../src/loader/bpf/global.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()

const config = rodata('t_config', struct('config', { verbose: u32, limit: u32 }), { limit: 10 })
const state = data('t_state', struct('state', { next: u32, other: u32 }), { next: 100, other: 7 })
const totals = bss('t_totals', struct('totals', { runs: u64 }))

const spec = tc('t_global', (b, skb) => {
  b.if(b.global(config).verbose.ne(0), () => {
    for (let i = 0; i < 50; i++) b.assign(skb, { mark: skb.mark.mul(3).add(i) })
  })
  b.atomicAdd(b.global(totals), { runs: 1 })
  const own = b.global(state)
  b.assign(own, { next: own.next.add(b.global(config).limit) })
  b.return(own.next)
})
const packet = new Uint8Array(64)

test('variables are shared with user space, constants are set before loading', () => {
  using states = createGlobal(state)
  using counted = createGlobal(totals)
  using program = loadProgram(spec, { maps: [states, counted], constants: [config.with({ limit: 5 })] })
  expect(program.testRun(packet).retval).toBe(105)
  states.set({ next: 1000 })
  expect(program.testRun(packet).retval).toBe(1005)
  expect(states.get()).toEqual({ next: 1005, other: 7 })
  expect(counted.get()).toEqual({ runs: 2n })
})

test('what nobody has made is made along with the program', () => {
  using program = loadProgram(spec, { maps: [] })
  expect([program.testRun(packet).retval, program.testRun(packet).retval]).toEqual([110, 120])
})

test('the verifier cuts what constants rule out', () => {
  const size = (verbose: number): number => {
    using program = loadProgram(spec, { maps: [], constants: [config.with({ verbose })] })
    return program.translated().byteLength
  }
  expect(size(1) - size(0)).toBeGreaterThan(50 * 8)
})

test('constants of another program are refused', () => {
  const other = rodata('t_other', struct('other', { x: u32 }))
  expect(() => loadProgram(spec, { maps: [], constants: [other.with({ x: 1 })] })).toThrow(
    'program "t_global" has no constant data "t_other"',
  )
})

const withBpftool = installed('bpftool') ? test : test.skip
withBpftool('libbpf loads the object with its sections', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-global-'))
  const pin = `/sys/fs/bpf/tsbpf-global-${process.pid}`
  try {
    writeFileSync(join(directory, 'g.o'), programObject([spec]))
    execFileSync('bpftool', ['prog', 'load', join(directory, 'g.o'), pin])
    writeFileSync(join(directory, 'packet'), packet)
    const run = (): unknown =>
      JSON.parse(
        execFileSync('bpftool', ['-j', 'prog', 'run', 'pinned', pin, 'data_in', join(directory, 'packet')], {
          encoding: 'utf8',
        }),
      )
    expect([run(), run()]).toMatchObject([{ retval: 110 }, { retval: 120 }])
  } finally {
    rmSync(pin, { force: true })
    rmSync(directory, { recursive: true, force: true })
  }
})
