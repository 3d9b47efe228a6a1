import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TsbpfError } from '../../../src/asm/diagnostics/error.ts'
import { TCX_NEXT } from '../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { reportError } from '../../../src/cli/report-error.ts'
import { NotFoundError } from '../../../src/programs/load-balancer/control/errors.ts'
import { PrivilegeError } from '../../../src/programs/load-balancer/control/privileges.ts'
import { InterruptedError } from '../../../src/programs/load-balancer/control/rollback.ts'

let written = ''
const script = process.argv[1]

beforeEach(() => {
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  if (script !== undefined) process.argv[1] = script
})

test('an error is its message and its hint', () => {
  expect(reportError(new NotFoundError('there is no X', 'Make one.'), [])).toBe(3)
  expect(written).toBe('error: there is no X\nhint: Make one.\n')
})

test('an error without hint is one line', () => {
  expect(reportError(new NotFoundError('there is no X'), [])).toBe(3)
  expect(written).toBe('error: there is no X\n')
})

test('a mistake in a program is shown where it was made', () => {
  let mistake: unknown
  try {
    tc('mistake', (b, skb) => {
      b.if(skb.len.toU8().gt(1000), () => b.return(TCX_NEXT))
    })
  } catch (error) {
    mistake = error
  }
  expect(reportError(mistake, [])).toBe(1)
  const shown = written.replaceAll(/\d+(?= \|)/g, '#').replaceAll(/report-error.test.ts:[\d:]+/g, 'FILE')
  expect(shown).toBe(`error: 1000 does not fit u8 (0..255) (FILE)

test/unit/cli/FILE
  # |   try {
  # |     tc('mistake', (b, skb) => {
> # |       b.if(skb.len.toU8().gt(1000), () => b.return(TCX_NEXT))
     |                           ^
  # |     })
  # |   } catch (error) {

`)
})

test('details stand between the two', () => {
  const error = new TsbpfError('VERIFIER', 'rejected', { hint: 'Check it.', details: '> lb.ts:42' })
  expect(reportError(error, [])).toBe(4)
  expect(written).toBe('error: rejected\n\n> lb.ts:42\n\nhint: Check it.\n')
})

test('an error nobody expected is reported, with its stack only when asked for', () => {
  expect(reportError(new TypeError('x is not a function'), [])).toBe(1)
  expect(written).toBe('error: x is not a function\n')
  written = ''
  expect(reportError(new TypeError('x is not a function'), ['--verbose'])).toBe(1)
  expect(written).toMatch(/^error: x is not a function\nTypeError: x is not a function\n +at /)
  written = ''
  expect(reportError('just text', [])).toBe(1)
  expect(written).toBe('error: just text\n')
})

test('--verbose shows the verifier’s log, or the stack, and the causes', () => {
  const rejected = Object.assign(new TsbpfError('VERIFIER', 'rejected'), { log: '0: R1=ctx()\n' })
  expect(reportError(rejected, ['up', '--verbose'])).toBe(4)
  expect(written).toContain('\n0: R1=ctx()\n')
  written = ''
  const cause = new Error('EROFS')
  expect(reportError(new TsbpfError('SYSCTL', 'cannot write', { cause }), ['--verbose'])).toBe(1)
  expect(written).toMatch(/^error: cannot write\n\n +at [\s\S]*caused by: Error: EROFS\n +at /)
})

test('of a change that could not be undone, the first error decides', () => {
  const errors = [new NotFoundError('there is no X', 'Make one.'), new Error('stuck')]
  const error = new AggregateError(errors, 'there is no X; besides, this could not be undone: the link')
  expect(reportError(error, [])).toBe(3)
  expect(written).toBe('error: there is no X; besides, this could not be undone: the link\nhint: Make one.\n')
})

test('an interruption is told from a failure', () => {
  expect(reportError(new InterruptedError(), [])).toBe(130)
  expect(written).toBe('interrupted; everything this command had done was undone\n')
})

test('a missing privilege is named, with a line that works', () => {
  process.argv[1] = '/opt/my tools/tsbpf-lb'
  const args = ['up', 'eth0', '--service', 'tcp/10.0.0.1:80', '-b', "it's", '--json=', '', '$HOME', 'a;b']
  expect(reportError(new PrivilegeError(['CAP_BPF', 'CAP_NET_ADMIN']), args)).toBe(77)
  const [error, , line] = written.split('\n')
  expect(error).toBe('error: this takes privileges that this process does not have: CAP_BPF, CAP_NET_ADMIN')
  expect(line).toBe(
    `  sudo ${process.execPath} '/opt/my tools/tsbpf-lb' up eth0 --service tcp/10.0.0.1:80 -b 'it'\\''s' --json= '' '$HOME' 'a;b'`,
  )
})
