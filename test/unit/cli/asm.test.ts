import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { programBytes } from '../../../src/cli/program-files.ts'
import { run } from '../../../src/cli/run.ts'

const source = 'r1 = map[services] ll\nif r1 < 5 goto out\nr0 = (s8)r1\nout:\nexit\n'
const bytes = '18110000000000000000000000000000a501010005000000bf100800000000009500000000000000'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsbpf-lb-asm-'))
  file = join(directory, 'program.s')
  writeFileSync(file, source)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

/** Runs a command line in this process. */
async function command(...args: string[]): Promise<{ code: number; out: Buffer; err: string }> {
  const out: Uint8Array[] = []
  const err: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err.push(String(chunk))
    return true
  })
  const code = await run(args)
  vi.restoreAllMocks()
  return { code, out: Buffer.concat(out), err: err.join('') }
}

async function onTerminal<T>(body: () => Promise<T>): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true })
  try {
    return await body()
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.stdout, 'isTTY')
    else Object.defineProperty(process.stdout, 'isTTY', before)
  }
}

describe('asm', () => {
  it('writes bytes to standard output, and says which names a loader must fill in', async () => {
    const { code, out, err } = await command('asm', file)
    expect(code).toBe(0)
    expect(out.toString('hex')).toBe(bytes)
    expect(err).toMatch(/warning: a loader must fill in the numbers of map services/)
  })

  it('writes hexadecimal digits, JSON, and files', async () => {
    const hex = await command('asm', file, '--format', 'hex')
    expect(hex.out.toString().replace(/\n/g, '')).toBe(bytes)
    const json = await command('asm', file, '--format', 'json')
    expect(JSON.parse(json.out.toString())[0]).toMatchObject({ symbol: { kind: 'map', name: 'services' } })
    expect(json.err).toBe('')
    const target = join(directory, 'program.bin')
    expect(await command('asm', file, '-o', target)).toMatchObject({ code: 0 })
    expect(readFileSync(target).toString('hex')).toBe(bytes)
  })

  it('writes no bytes to a terminal', async () => {
    const { code, out, err } = await onTerminal(() => command('asm', file))
    expect(code).toBe(2)
    expect(out).toHaveLength(0)
    expect(err).toMatch(/--format hex/)
    expect(await onTerminal(() => command('asm', file, '--format', 'hex'))).toMatchObject({ code: 0 })
  })

  it('keeps to a CPU level', async () => {
    const { out } = await command('asm', file, '--cpu', 'v1', '--format', 'hex')
    expect(out.toString()).toContain('3501010005000000')
    writeFileSync(file, 'r0 = 1\n  r0 s/= r1 ; signed\nexit\n')
    const { code, err } = await command('asm', file, '--cpu', '3')
    expect(code).toBe(2)
    expect(err).toMatch(/cpu v4/)
    expect(err).toContain(' 2 |   r0 s/= r1 ; signed\n   |   ^^^^^^^^^\n')
  })

  it('shows what cannot be read, with exit code 2', async () => {
    writeFileSync(file, 'r0 = 1\nr0 += r77\nexit\n')
    const { code, err } = await command('asm', file)
    expect(code).toBe(2)
    expect(err).toContain(`error: ${file}:2:7: expected a register r0 to r10, got "r77"`)
    expect(err).toContain(' 2 | r0 += r77\n   |       ^^^')
  })

  it('warns of code that no path reaches', async () => {
    writeFileSync(file, 'exit\nr0 = 1\nexit\n')
    const { code, err } = await command('asm', file)
    expect(code).toBe(0)
    expect(err).toContain(`warning: ${file}:2: no path reaches 2 instructions`)
  })

  it('has exit code 3 when there is no such file, 2 for an option that cannot be', async () => {
    expect(await command('asm', join(directory, 'none.s'))).toMatchObject({ code: 3 })
    expect(await command('asm', file, '--cpu', '5')).toMatchObject({ code: 2 })
  })
})

describe('disasm', () => {
  it('prints text that asm turns into the same bytes, from bytes and from digits', async () => {
    const bin = join(directory, 'program.bin')
    writeFileSync(bin, Buffer.from(bytes, 'hex'))
    for (const syntax of ['pseudo-c', 'mnemonic']) {
      const { code, out } = await command('disasm', bin, '--syntax', syntax)
      expect(code).toBe(0)
      writeFileSync(file, out)
      expect((await command('asm', file)).out.toString('hex')).toBe(bytes)
      writeFileSync(file, (await command('asm', file, '--format', 'hex')).out)
      expect((await command('disasm', file, '--syntax', syntax)).out.toString()).toBe(out.toString())
    }
    expect(JSON.parse((await command('disasm', bin, '--json')).out.toString())).toHaveLength(4)
  })

  it('says what is wrong with bytes, with exit code 2', async () => {
    writeFileSync(file, Buffer.from(bytes.slice(0, -2), 'hex'))
    expect(await command('disasm', file)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/middle of a slot/),
    })
    writeFileSync(file, 'abc')
    expect(await command('disasm', file)).toMatchObject({ code: 2, err: expect.stringMatching(/odd/) })
    writeFileSync(file, Buffer.from('7f454c46', 'hex'))
    expect(await command('disasm', file)).toMatchObject({ code: 2, err: expect.stringMatching(/objcopy/) })
  })

  it('tells digits from bytes', () => {
    expect(programBytes(Buffer.from(' 95 00\n')).byteLength).toBe(2)
    expect(programBytes(Uint8Array.of(0x95, 0x30)).byteLength).toBe(2)
  })
})
