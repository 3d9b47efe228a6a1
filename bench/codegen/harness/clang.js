// Finds clang and compiles a C half with it. clang is needed for the comparison alone.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

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

/** Compiles `programs/NAME.c`. `defines` are given to the preprocessor. @returns the object file's bytes */
export function compileC(clang, name, defines = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-codegen-'))
  try {
    const object = join(directory, `${name}.o`)
    const flags = ['-target', 'bpfel', '-mcpu=v3', '-O2', '-ffreestanding', '-Wall', '-Werror', '-c']
    const values = Object.entries(defines).map(([key, value]) => `-D${key}=${value}`)
    execFileSync(clang.command, [...flags, ...values, join(programs, `${name}.c`), '-o', object])
    return readFileSync(object)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
