import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect } from 'vitest'
import { memberPath } from '../../../src/asm/btf/layout.ts'
import { programObject } from '../../../src/asm/elf/program-object.ts'
import { arrayMap, pointerTo, struct, subprogram, TC_ACT_OK, tc, u32, u64 } from '../../../src/asm/index.ts'
import { add64, mov64 } from '../../../src/asm/isa/alu.ts'
import { callLocal } from '../../../src/asm/isa/call.ts'
import { exit } from '../../../src/asm/isa/jump.ts'
import { r0, r1 } from '../../../src/asm/isa/registers.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { type FeatureName, hasFeature } from '../../../src/loader/kernel/features.ts'
import { runningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { examples } from '../../../src/programs/examples.ts'
import { ingress } from '../../../src/programs/load-balancer/datapath/ingress.ts'
import { whyNoKernelTests } from '../support/availability.ts'
import { commandPath } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'

const withBpftool = installed('bpftool') ? test : test.skip

/** bpffs is mounted here, see kernel/bpf; named after the process so that two runs do not meet. */
const pins = `/sys/fs/bpf/tsbpf-elf-test-${process.pid}`
const directory = mkdtempSync(join(tmpdir(), 'tsbpf-elf-'))
const file = join(directory, 'program.o')

afterEach(() => rmSync(pins, { recursive: true, force: true }))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Runs a command. @throws when it fails, or has anything to complain about */
function run(command: string, ...args: string[]): string {
  const complaints = join(directory, 'stderr')
  const output = execFileSync('sh', ['-c', 'exec "$@" 2>"$0"', complaints, command, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  expect(execFileSync('cat', [complaints], { encoding: 'utf8' })).toBe('')
  return output
}

function load(object: Uint8Array): void {
  writeFileSync(file, object)
  run('bpftool', 'prog', 'loadall', file, pins)
}

const Traffic = struct('traffic', { packets: u64, bytes: u64 })
const traffic = arrayMap('elf_traffic', Traffic, { maxEntries: 1 })
const counting = () =>
  tc('elf_count', (b, skb) => {
    b.lookup(traffic, 0, { hit: (seen) => b.atomicAdd(seen, { packets: 1, bytes: skb.len }) })
    b.return(TC_ACT_OK)
  })

withBpftool('libbpf loads a counting program; it counts, and its map shows field names', () => {
  load(programObject([counting()]))
  const pin = join(pins, 'elf_count')
  const packet = join(directory, 'packet')
  writeFileSync(packet, new Uint8Array(60))
  run('bpftool', 'prog', 'run', 'pinned', pin, 'data_in', packet, 'repeat', '3')
  const { map_ids: maps } = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', pin)) as {
    map_ids: number[]
  }
  const entries = JSON.parse(run('bpftool', '-j', 'map', 'dump', 'id', String(maps[0]))) as {
    formatted: unknown
  }[]
  expect(entries.map(({ formatted }) => formatted)).toEqual([{ key: 0, value: { packets: 3, bytes: 180 } }])
})

withBpftool(
  'libbpf loads lb_ingress: kernel functions, a map of maps, members moved to where they are',
  () => {
    load(programObject([ingress(), counting()]))
    const code = run('bpftool', 'prog', 'dump', 'xlated', 'pinned', join(pins, 'lb_ingress'))
    const { vmlinux } = runningKernelTypes()
    const mark = memberPath(vmlinux, 'nf_conn', 'mark').offset
    const state = memberPath(vmlinux, 'nf_conn', 'proto.tcp.state').offset
    expect(code).toContain(`*(u32 *)(r6 +${mark})`)
    expect(code).toContain(`*(u8 *)(r6 +${state})`)
    expect(code).toMatch(/call bpf_skb_ct_lookup/)
    expect(existsSync(join(pins, 'elf_count'))).toBe(true)
  },
)

/** Examples that need what not every kernel has, by the feature. */
const needs: Readonly<Record<string, FeatureName>> = {
  count_connects: 'fentry',
  read_bytes: 'fentry',
  no_raw_sockets: 'lsm',
}

for (const [name, example] of Object.entries(examples)) {
  const feature = Object.hasOwn(needs, name) ? needs[name] : undefined
  const missing = whyNoKernelTests === undefined && feature !== undefined && !hasFeature(feature)
  const reason = missing ? ` (this kernel has no ${feature})` : ''
  const testExample = missing ? test.skip : withBpftool
  testExample(`libbpf loads the example ${name}, by its section alone${reason}`, async () => {
    const spec = await example()
    load(programObject([spec], { kernel: runningKernelTypes().vmlinux, architecture: process.arch }))
    // libbpf's name for it, of the C function.
    const pin = join(pins, spec.name.replace(/\W/g, '_'))
    const { type } = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', pin)) as { type: string }
    expect(type).toBe(spec.type)
  })
}

withBpftool('libbpf links subprograms of several programs', () => {
  // r0 = f(20) + 1; f(x) = x + step
  const spec = (name: string, step: number): ProgramSpec => ({
    name,
    type: 'sched_cls',
    license: 'GPL',
    instructions: [mov64(r1, 20), callLocal(2), add64(r0, 1), exit(), mov64(r0, r1), add64(r0, step), exit()],
    functions: [
      { name, start: 0 },
      { name: 'same_name', start: 4 },
    ],
    maps: [],
    kfuncs: [],
  })
  load(programObject([spec('elf_a', 100), spec('elf_b', 200)]))
  const packet = join(directory, 'packet')
  writeFileSync(packet, new Uint8Array(60))
  const result = (name: string): unknown =>
    JSON.parse(run('bpftool', '-j', 'prog', 'run', 'pinned', join(pins, name), 'data_in', packet))
  expect(result('elf_a')).toMatchObject({ retval: 121 })
  expect(result('elf_b')).toMatchObject({ retval: 221 })
})

for (const [command, args, expected] of [
  ['bpftool', ['btf', 'dump', 'file', file], "DATASEC '.ksyms'"],
  ['llvm-objdump-19', ['-d', '-r', file], '<lb_ingress>'],
  ['readelf', ['--all', '--wide', file], 'Linux BPF'],
] as const)
  (installed(command) ? test : test.skip)(`${command} reads our objects`, () => {
    writeFileSync(file, programObject([ingress(), counting()]))
    expect(run(command, ...args)).toContain(expected)
  })

const module = `import {
  arrayMap,
  pointerTo,
  struct,
  subprogram,
  TC_ACT_OK,
  tc,
  u32,
  u64,
} from 'tsbpf-lb/asm'
const hits = arrayMap('built_hits', struct('hits', { n: u64 }), { maxEntries: 1 })
const count = (name) => tc(name, (b) => {
  b.lookup(hits, 0, { hit: (seen) => b.atomicAdd(seen, { n: 1 }) })
  b.return(TC_ACT_OK)
})
export const first = count('built_first')
export const again = first
export const answer = 42
export default count('built_second')
`

withBpftool('tsbpf-lb build writes what a module exports, and shipped programs, for bpftool', () => {
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(fileURLToPath(new URL('../../../', import.meta.url)), join(directory, 'node_modules/tsbpf-lb'))
  writeFileSync(join(directory, 'mine.mjs'), module)
  run(process.execPath, commandPath, 'build', join(directory, 'mine.mjs'), '-o', file)
  run('bpftool', 'prog', 'loadall', file, pins)
  expect(existsSync(join(pins, 'built_first')) && existsSync(join(pins, 'built_second'))).toBe(true)
  const code = run('bpftool', 'prog', 'dump', 'xlated', 'pinned', join(pins, 'built_first'), 'linum')
  expect(code).toContain('mine.mjs')
  rmSync(pins, { recursive: true })
  run(process.execPath, commandPath, 'build', '--shipped', 'lb_ingress', '-o', file)
  run('bpftool', 'prog', 'loadall', file, pins)
  expect(existsSync(join(pins, 'lb_ingress'))).toBe(true)
})

for (const [args, code] of [
  [['build'], 2],
  [['build', '--shipped', 'nothing'], 3],
  [['build', '/nonexistent.mjs'], 3],
  [['types', 'nf_con'], 3],
] as const)
  test(`tsbpf-lb ${args.join(' ')} ends with ${code}`, () => {
    let status: unknown = 0
    try {
      execFileSync(process.execPath, [commandPath, ...args], { stdio: 'pipe' })
    } catch (error) {
      status = (error as { status: unknown }).status
    }
    expect(status).toBe(code)
  })

withBpftool(
  'libbpf loads functions, static and global, callbacks and iterators; they do what they do here',
  () => {
    const Pair = struct('pair', { a: u32, b: u64 })
    const twice = subprogram('twice', { x: u32 }, u32, (b, { x }) => b.return(x.mul(2)))
    const fill = subprogram(
      'fill',
      { pair: pointerTo(Pair), x: u32 },
      u32,
      (b, { pair, x }) => {
        b.assign(pair, { a: x })
        b.return(b.call(twice, { x }))
      },
      { global: true },
    )
    const program = tc('elf_functions', (b, skb) => {
      const pair = b.stack(Pair)
      const sum = b.variable(u32, 0)
      b.for(10, (i) => sum.set(sum.get().add(i)), { strategy: 'bpf_loop' })
      b.for(10, (i) => sum.set(sum.get().add(i)), { strategy: 'iterator' })
      b.return(
        b
          .call(fill, { pair, x: skb.mark })
          .add(sum.get())
          .add(b.call(twice, { x: 3 }))
          .add(pair.a),
      )
    })
    load(programObject([program]))
    const packet = join(directory, 'packet')
    writeFileSync(packet, new Uint8Array(60))
    const ran = run('bpftool', 'prog', 'run', 'pinned', join(pins, 'elf_functions'), 'data_in', packet)
    expect(ran).toMatch(/Return value: 96,/)
  },
)
