// Finds clang and compiles a C half with it. clang is needed for the comparison alone.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { readObject } from 'tsbpf-lb/asm'

const programs = fileURLToPath(new URL('../programs/', import.meta.url))

/** The compilers to look for, the newest first; the variable CLANG names another one. */
const candidates = [process.env.CLANG, 'clang-22', 'clang-21', 'clang-20', 'clang-19', 'clang'].filter(
  Boolean,
)

/** The first clang found that can make BPF: its command and version; undefined where there is none. */
export function findClang() {
  for (const command of candidates) {
    const { stdout, status } = spawnSync(command, ['--version'], { encoding: 'utf8' })
    if (status !== 0) continue
    const targets = spawnSync(command, ['--print-targets'], { encoding: 'utf8' }).stdout ?? ''
    if (/^\s*bpfel\b/m.test(targets)) return { command, version: /version (\S+)/.exec(stdout)?.[1] ?? '?' }
  }
  return undefined
}

/**
 * Compiles `programs/NAME.c`.
 *
 * @param ours the other half: the result has its name, type, maps and kfuncs, and goes through the same loader
 */
export function halfInC(clang, name, ours) {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-codegen-'))
  try {
    const file = join(directory, `${name}.o`)
    const flags = ['-target', 'bpfel', '-mcpu=v3', '-O2', '-g', '-ffreestanding', '-Wall', '-Werror', '-c']
    execFileSync(clang.command, [...flags, join(programs, `${name}.c`), '-o', file])
    const [{ instructions, functions }] = readObject(readFileSync(file)).programs
    return { ...ours, instructions, functions }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
