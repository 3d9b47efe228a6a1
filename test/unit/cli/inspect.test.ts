import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decode } from '../../../src/asm/isa/decode.ts'
import type { ProgramReport } from '../../../src/asm/report/program-report.ts'
import { examples } from '../../../src/programs/examples.ts'
import { runCommandLine } from './command-line.ts'

/**
 * The golden listings show in review what a change does to the program. To write them anew:
 * `TSBPF_UPDATE_GOLDEN=1 npx vitest run --project unit test/unit/cli/inspect.test.ts`
 *
 * Line numbers are left out, so that a comment does not change them.
 */
test.each<[string, string[]]>([
  ['lb_ingress.asm', []],
  ['lb_ingress-mark.asm', ['--translate', 'mark']],
  ...Object.keys(examples).map((name): [string, string[]] => [`examples/${name}.asm`, ['--program', name]]),
])('inspect lists what is in test/golden/%s', async (name, args) => {
  const golden = new URL(`../../golden/${name}`, import.meta.url)
  const { code, stdout, stderr } = await runCommandLine('inspect', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const listing = stdout.replace(/^(; [\w-]+\.ts):\d+ /gm, '$1 ')
  if (process.env.TSBPF_UPDATE_GOLDEN === '1') writeFileSync(golden, listing)
  expect(listing).toBe(readFileSync(golden, 'utf8'))
})

test('the listing shows TypeScript, kernel functions and maps by name', async () => {
  const { stdout } = await runCommandLine('inspect', '--program', 'lb_ingress', '--format', 'asm')
  expect(stdout).toMatch(/^; ingress\.ts:\d+ {2}\S/m)
  expect(stdout).toContain('bpf_skb_ct_lookup')
  expect(stdout).toContain('lb_frontends')
})

test('the form that leaves translating to netfilter sends the choice along with the packet', async () => {
  const { stdout } = await runCommandLine('inspect', '--translate', 'mark')
  expect(stdout).toMatch(/^; open-by-mark\.ts:\d+ {2}b\.assign\(skb, \{ priority: /m)
  expect(stdout).not.toContain('bpf_ct_set_nat_info')
  expect((await runCommandLine('inspect', '--translate', 'auto')).code).toBe(2)
})

test('the formats agree', async () => {
  const hex = (await runCommandLine('inspect', '--format', 'hex')).stdout
  const report = JSON.parse((await runCommandLine('inspect', '-f', 'json')).stdout) as ProgramReport
  const list = report.instructions
  const lines = hex.trim().split('\n')
  expect(lines).toHaveLength(list.length)
  for (const line of lines) expect(line).toMatch(/^([0-9a-f]{16}){1,2}$/)
  const decoded = decode(Uint8Array.from(Buffer.from(lines.join(''), 'hex')))
  expect(decoded.map(({ opcode, dst, src, offset, imm }) => ({ opcode, dst, src, offset, imm }))).toEqual(
    list.map(({ opcode, dst, src, offset, imm }) => ({ opcode, dst, src, offset, imm })),
  )
  const last = list.at(-1)
  expect(hex.replaceAll('\n', '').length / 16).toBe((last?.slot ?? 0) + 1)
  expect(list.some(({ source }) => source !== undefined)).toBe(true)
  expect(list.some(({ symbol }) => symbol !== undefined)).toBe(true)
})

const hint = `hint: The programs are: lb_ingress, xdp_counter, port_ingress, short_datagrams, egress_bytes, connect4_redir, note_execs, syscalls, note_parents, count_connects, read_bytes, note_unlinks, no_raw_sockets, sum.
A target is a shipped program (lb_ingress), a module (.ts, .js), an object (.o), instructions (.asm, .bin), or a loaded program: id:N, name:NAME, tag:TAG, pin:PATH; of several programs in a file one is FILE#NAME.
`

test('the examples are listed by name', async () => {
  const { stdout } = await runCommandLine('inspect', '--program', 'xdp_counter')
  expect(stdout).toMatch(/^; xdp-packet-counter\.ts:\d+ {2}b\.atomicAdd\(seen, \{ packets: 1 \}\)$/m)
})

test('a program that does not exist is told with those that do', async () => {
  const outcome = await runCommandLine('inspect', '--program', 'nothing')
  expect(outcome).toMatchObject({ code: 3, stdout: '' })
  expect(outcome.stderr).toBe(`error: there is no program "nothing"\n${hint}`)
})

test('a name that every object has is no program either', async () => {
  const outcome = await runCommandLine('inspect', '--program', 'constructor')
  expect(outcome).toMatchObject({ code: 3, stdout: '' })
  expect(outcome.stderr).toBe(`error: there is no program "constructor"\n${hint}`)
})
