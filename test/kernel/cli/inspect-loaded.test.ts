import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect } from 'vitest'
import { programObject } from '../../../src/asm/elf/program-object.ts'
import { mov64 } from '../../../src/asm/isa/alu.ts'
import { exit } from '../../../src/asm/isa/jump.ts'
import { load } from '../../../src/asm/isa/memory.ts'
import { r0, r4 } from '../../../src/asm/isa/registers.ts'
import type { ProgramReport } from '../../../src/asm/report/program-report.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { runCommandLine } from '../../unit/cli/command-line.ts'
import { counting, hits, returning } from '../bpf/sample-programs.ts'
import { test } from '../support/kernel-test.ts'

const pins = `/sys/fs/bpf/tsbpf-inspect-test-${process.pid}`
const directory = mkdtempSync(join(tmpdir(), 'tsbpf-inspect-'))
const clangs = fileURLToPath(new URL('../../unit/asm/elf/fixtures/counter.o', import.meta.url))
afterAll(() => {
  rmSync(pins, { recursive: true, force: true })
  rmSync(directory, { recursive: true, force: true })
})

async function inspect(...args: readonly string[]): Promise<ProgramReport> {
  const { code, stdout, stderr } = await runCommandLine('inspect', ...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as ProgramReport
}

test('a loaded program by id, name, tag and pin: the same each time', async () => {
  using map = BpfMap.create(hits)
  const name = `insp${process.pid}`
  using program = loadProgram(counting(name), { maps: [map] })
  mkdirSync(pins)
  program.pin(`${pins}/counting`)
  const byId = await inspect(`id:${program.id}`)
  expect(byId).toMatchObject({
    name,
    type: 'sched_cls',
    origin: `loaded, id ${program.id}, tag ${program.tag}`,
  })
  expect(byId.maps).toEqual([{ name: 'hits', type: 'array', keySize: 4, valueSize: 8 }])
  expect(byId.functions.map((it) => it.name)).toEqual([name])
  expect(byId.machineCode?.size).toBeGreaterThan(20)
  for (const target of [`name:${name}`, `pin:${pins}/counting`, `${pins}/counting`])
    expect(await inspect(target)).toEqual(byId)
  const tagged = await runCommandLine('inspect', `tag:${program.tag}`, '--json')
  expect([0, 2]).toContain(tagged.code)
  // Whether rewritten or not, a lookup gives a value of the map.
  expect(byId.instructions.map(({ live }) => live.r0 ?? '').join('\n')).toMatch(/^value of hits\S* or null$/m)
})

test('what is not there', async () => {
  const id = await runCommandLine('inspect', 'id:4294967295')
  expect(id).toEqual({
    code: 3,
    stdout: '',
    stderr:
      'error: no program with the id 4294967295 is loaded\nhint: `bpftool prog` lists the programs that are loaded.\n',
  })
  const name = await runCommandLine('inspect', 'name:no-such')
  expect(name.stderr).toMatch(/^error: no program with the name "no-such" is loaded\n/)
  const pin = await runCommandLine('inspect', `pin:${pins}/none`)
  expect(pin.code).not.toBe(0)
  expect(pin.stderr).toContain(`${pins}/none`)
  using map = BpfMap.create(hits)
  mkdirSync(pins, { recursive: true })
  map.pin(`${pins}/map`)
  const kind = await runCommandLine('inspect', `pin:${pins}/map`)
  expect(kind.stderr).toMatch(/is the pin of a map, not of a program/)
})

test('--kernel: the verifier’s states and each instruction’s machine code', async () => {
  const report = await inspect('--kernel')
  expect(report.verifier?.origin).toBe('loaded into the running kernel')
  expect(report.verifier?.processed).toBeGreaterThan(500)
  expect(report.instructions[0]?.verifier).toEqual({ count: 1, states: ['R1=ctx()'] })
  const slots = new Set(report.machineCode?.pieces.map(({ slot }) => slot))
  expect(slots.size).toBeGreaterThan(report.instructions.length * 0.8)
  const size = report.machineCode?.pieces.reduce((sum, { bytes }) => sum + bytes.length / 2, 0)
  expect(size).toBe(report.machineCode?.size)
})

test('--kernel on an object of clang’s, global data filled in', async () => {
  const report = await inspect(`${clangs}#counter`, '--kernel', '--run')
  expect(report.verifier?.processed).toBeGreaterThan(30)
  expect(report.machineCode?.size).toBeGreaterThan(100)
  expect(report.run).toContain('it returns 2')
})

test('a program that the verifier rejects is shown up to there', async () => {
  const path = join(directory, 'bad.o')
  const bad = { ...returning('bad', 0), instructions: [mov64(r0, 0), load(8, r0, r4, 0), exit()] }
  await writeFile(path, programObject([bad]))
  const report = await inspect(path, '--kernel')
  expect(report.remarks).toEqual(['The verifier rejects the program: R4 !read_ok'])
  expect(report.instructions[1]?.verifier?.states).toEqual(['R0=0 R1=ctx()'])
  expect(report.instructions[2]?.verifier).toBeUndefined()
})
