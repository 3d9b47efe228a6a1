import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { ProgramDiff } from '../../../src/asm/report/diff.ts'
import type { ProgramReport } from '../../../src/asm/report/program-report.ts'
import { parseTarget } from '../../../src/cli/inspect/target.ts'
import { runCommandLine } from './command-line.ts'

// The load balancer is compiled a few times over; a busy machine takes a while for it.
vi.setConfig({ testTimeout: 30_000 })

const object = fileURLToPath(new URL('../asm/elf/fixtures/counter.o', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tsbpf-inspect-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A file in a directory of its own. */
function file(name: string, contents: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, contents)
  return path
}

async function report(...args: readonly string[]): Promise<ProgramReport> {
  const { code, stdout, stderr } = await runCommandLine('inspect', ...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as ProgramReport
}

test.each([
  ['lb_ingress', { kind: 'shipped', name: 'lb_ingress' }],
  ['id:42', { kind: 'id', id: 42 }],
  ['name:lb_ingress', { kind: 'name', name: 'lb_ingress' }],
  ['tag:0123456789ABCDEF', { kind: 'tag', tag: '0123456789abcdef' }],
  ['pin:./x', { kind: 'pin', path: './x' }],
  ['/sys/fs/bpf/x', { kind: 'pin', path: '/sys/fs/bpf/x' }],
  ['a/b.ts', { kind: 'module', file: 'a/b.ts', program: undefined }],
  ['b.mjs#two', { kind: 'module', file: 'b.mjs', program: 'two' }],
  ['c.o#xdp', { kind: 'object', file: 'c.o', program: 'xdp' }],
  ['./object', { kind: 'object', file: './object', program: undefined }],
  ['d.asm', { kind: 'instructions', file: 'd.asm', program: undefined }],
])('the target %s', (text, target) => {
  expect(parseTarget(text)).toEqual(target)
})

describe('what cannot be meant is told, with what to write instead', () => {
  test.each([
    [
      ['id:none'],
      2,
      'error: "none" is not a program’s id\nhint: An id is a number from 1 on, as bpftool prog shows it: id:42.\n',
    ],
    [
      ['tag:12'],
      2,
      'error: "12" is not a program’s tag\nhint: A tag has 16 hexadecimal digits, as bpftool prog shows it.\n',
    ],
    [['pin:'], 2, 'error: pin: without a path\nhint: Write pin:/sys/fs/bpf/my-program.\n'],
    [['nowhere.o'], 3, 'error: there is no file nowhere.o\nhint: Use - to read standard input.\n'],
    [[object], 2, `error: ${object} has 2 programs: counter, watch\nhint: Name one: ${object}#counter\n`],
    [
      [`${object}#other`],
      3,
      `error: ${object} has no program "other"\nhint: Its programs are: counter, watch.\n`,
    ],
    [
      [`${object}#counter`, '--passes', 'none'],
      2,
      `error: ${object} is compiled already\nhint: --passes and --ir are for programs written in the DSL.\n`,
    ],
    [
      ['--passes', 'fold'],
      2,
      expect.stringMatching(/^error: there is no pass "fold"\nhint: Choose all, none, or some of /),
    ],
    [['a', 'b'], 2, 'error: inspect takes one target, got "b" too\nhint: Compare two with --diff.\n'],
    [
      ['--diff', 'lb_ingress'],
      2,
      'error: --diff takes two targets, or one and --passes\nhint: tsbpf-lb inspect --diff old.o new.o, or tsbpf-lb inspect --diff lb_ingress --passes none\n',
    ],
    [
      ['--packet', 'zz'],
      2,
      'error: --packet "zz" is not a sequence of bytes\nhint: Write each byte as two hexadecimal digits, from the Ethernet header on.\n',
    ],
  ])('%j', async (args, code, stderr) => {
    expect(await runCommandLine('inspect', ...args)).toEqual({ code, stdout: '', stderr })
  })

  test('a damaged object', async () => {
    const path = file('damaged.o', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1))
    expect(await runCommandLine('inspect', path)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: 6 bytes are too few: the header alone has 64\n',
    })
  })

  test('a log that is none, and what cannot be run', async () => {
    const log = file('log', 'hello\n')
    expect((await runCommandLine('inspect', '-f', 'full', '--log', log)).stderr).toBe(
      `error: ${log} is no log of the verifier: no line of it shows an instruction\nhint: Take a log of level 2: libbpf’s kernel_log_level, bpftool -d prog load, LoadOptions.logLevel.\n`,
    )
    const text = file('bare.asm', 'r0 = 0\nexit\n')
    expect((await runCommandLine('inspect', text, '--run')).stderr).toBe(
      'error: --run takes a program whose type is known, and that is not loaded yet\nhint: Bare instructions and unusual sections need --type: --type xdp. A loaded program has been rewritten by the verifier.\n',
    )
  })
})

describe('targets', () => {
  test('an object’s program, with the maps and lines of its BTF', async () => {
    const { name, type, origin, maps, functions, instructions } = await report(object, '--program', 'counter')
    expect({ name, type, origin }).toEqual({ name: 'counter', type: 'xdp', origin: `${object}, section xdp` })
    expect(maps.map((map) => map.name)).toEqual(['counts', '.data', '.rodata'])
    expect(functions.map((it) => it.name)).toEqual(['counter', 'add', 'weigh'])
    expect(instructions[12]?.live).toEqual({ r2: 'stack-8' })
  })

  test('a module’s program', async () => {
    const path = file(
      'module.mjs',
      `export const one = { name: 'one', type: 'xdp', license: 'GPL', functions: [{ name: 'one', start: 0 }], maps: [], kfuncs: [],
         instructions: [{ opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 2 }, { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 }] }`,
    )
    expect((await runCommandLine('inspect', path)).stdout).toBe('   0: r0 = 2\n   1: exit\n')
    expect((await runCommandLine('inspect', path, '--passes', 'none')).stderr).toBe(
      'error: program "one" was not written in the DSL, so it cannot be compiled again\nhint: --passes and --ir are for what tc(…), xdp(…) and their like return.\n',
    )
  })

  test('instructions as text and as bytes', async () => {
    const text = file('count.asm', 'r0 = 7\nif r0 > 3 goto out\nr0 = 1\nout:\nexit\n')
    expect((await report(text)).blocks.map(({ label }) => label)).toEqual(['main', 'B1', 'L1'])
    const bytes = file('count.bin', Uint8Array.from(Buffer.from('b7000000020000009500000000000000', 'hex')))
    expect((await report(bytes)).instructions.map((it) => it.text)).toEqual(['r0 = 2', 'exit'])
  })
})

describe('what can be seen besides', () => {
  test('a run: how often each instruction was executed, and on what', async () => {
    const { run, instructions } = await report(`${object}#counter`, '--run')
    expect(run).toBe(
      'one run in the interpreter, maps empty, on a TCP SYN from 10.0.0.2:40000 to 10.0.0.1:80: it returns 2 after 33 instructions',
    )
    expect(instructions.map(({ hits }) => hits).slice(0, 3)).toEqual([1, 1, 1])
    const short = await report(`${object}#counter`, '--packet', '00112233445566778899aabbcc')
    expect(short.run).toContain('the packet given (13 bytes)')
    expect(short.instructions[6]?.hits).toBe(0)
  })

  test('instructions run once their type is said', async () => {
    const text = file('xdp.asm', 'r2 = *(u32 *)(r1 + 0)\ncall f\nexit\nf:\nr0 = 2\nexit\n')
    const xdp = await report(text, '--type', 'xdp', '--run')
    expect(xdp.instructions.map(({ hits }) => hits)).toEqual([1, 1, 1, 1, 1])
    expect(xdp.instructions[1]?.live).toEqual({})
    const other = await report(file('other.asm', 'r0 = 3\nexit\n'), '--type', 'syscall', '--run')
    expect(other.run).toBe(
      'one run in the interpreter, maps empty, on a context of 256 zero bytes: it returns 3 after 2 instructions',
    )
  })

  test('a log: the verifier’s states at each instruction', async () => {
    const log = file(
      'verifier.log',
      '0: R1=ctx() R10=fp0\n0: (b4) w0 = 1  ; R0_w=1\n1: (61) r2 = *(u32 *)(r1 +4) ; R1=ctx() R2_w=pkt_end()\nprocessed 2 insns (limit 1000000)\n',
    )
    const { verifier, instructions } = await report(`${object}#counter`, '--log', log)
    expect(verifier).toEqual({ origin: `the log ${log}`, processed: 2 })
    expect(instructions[1]?.verifier).toEqual({ count: 1, states: ['R0=1 R1=ctx()'] })
    expect(instructions[2]?.verifier).toBeUndefined()
  })
})

describe('comparing', () => {
  test('two programs: counts, and what differs', async () => {
    const a = file('a.asm', 'r1 = 1\nr0 = 5\nr0 += r1\nif r0 > 3 goto l\nr0 = 9\nl:\nexit\n')
    const b = file('b.asm', 'r0 = 6\nif r0 > 3 goto l\nr2 = 2\nr0 = 9\nl:\nexit\n')
    const { code, stdout } = await runCommandLine('inspect', '--diff', a, b)
    expect(code).toBe(0)
    expect(stdout).toContain('  instructions       6 →      5  −1      −16.7 %\n')
    expect(stdout).toContain('3 instructions are the same, 3 only in the first, 2 only in the second\n')
    expect(stdout.split('\n').filter((line) => /^[-+] /.test(line))).toEqual([
      '-     0        r1 = 1',
      '-     1        r0 = 5',
      '-     2        r0 += r1',
      '+           0  r0 = 6',
      '+           2  r2 = 2',
    ])
    const diff = JSON.parse((await runCommandLine('inspect', '--diff', a, b, '--json')).stdout) as ProgramDiff
    expect(diff).toMatchObject({ same: 3, removed: 3, added: 2 })
  })

  test('one program compiled with and without passes; a program with itself', async () => {
    const { stdout } = await runCommandLine('inspect', '--diff', '--passes', 'none')
    expect(stdout).toMatch(
      /^--- lb_ingress: comes with tsbpf-lb, passes: none\n\+\+\+ lb_ingress: .*passes: all\n/,
    )
    expect(stdout).toMatch(/^[-+] .* goto /m)
    const same = await runCommandLine('inspect', '--diff', 'lb_ingress', 'lb_ingress')
    expect(same.stdout).toMatch(/ instructions are the same, 0 only in the first, 0 only in the second\n$/)
  })
})

test('--ir prints what the front end made and what each pass made of it', async () => {
  const { stdout } = await runCommandLine('inspect', '--ir')
  expect(stdout).toMatch(/^; front end\nfunction lb_ingress\n/)
  const stages = [...stdout.matchAll(/^; ([a-z ]+)\nfunction/gm)].map(([, stage]) => stage)
  expect(stages).toEqual(
    expect.arrayContaining(['front end', 'simplify', 'select', 'allocate', 'lay out frame']),
  )
  const none = JSON.parse((await runCommandLine('inspect', '--ir', '--passes', 'none', '--json')).stdout)
  expect(none.map(({ stage }: { stage: string }) => stage)).not.toContain('simplify')
})

test('dot: a cluster for each function, an edge for each way', async () => {
  const { stdout } = await runCommandLine('inspect', `${object}#counter`, '-f', 'dot')
  expect(stdout).toMatch(/^digraph "counter" \{\n/)
  expect(stdout.match(/subgraph cluster_/g)).toHaveLength(3)
  expect(stdout).toContain('  b0 -> b5 [color="#2f8f4e", label="true"]\n')
  expect(stdout.trimEnd().endsWith('}')).toBe(true)
})

test('html: one page; names and lines of source cannot break out of it', async () => {
  const text = file('evil<script>.asm', 'r0 = 0 // </script><img src=x onerror=alert(1)>\nexit\n')
  const out = join(directory, 'page.html')
  expect(await runCommandLine('inspect', text, '-f', 'html', '-o', out)).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  const { readFileSync } = await import('node:fs')
  const page = readFileSync(out, 'utf8')
  expect(page.match(/<script/g)).toHaveLength(2)
  expect(page).not.toContain('<img')
  expect(page).not.toMatch(/(?:src|href)="(?!#)|url\((?!#)|@import/)
  expect(page).toContain("default-src 'none'; style-src 'sha256-")
})
