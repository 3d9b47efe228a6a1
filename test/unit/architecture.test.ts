import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

/** What a room may import from besides itself; see docs/architecture.md. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  asm: [],
  loader: ['asm'],
  programs: ['asm', 'loader'],
  cli: ['asm', 'loader', 'programs'],
}

/** The modules that a file imports, at its start or when it runs. */
function imports(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)[^'`;]*?\sfrom '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, atStart, whenRun]) => atStart ?? whenRun ?? '',
  )
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? ''
}

test('imports go one way: cli, programs, loader, asm', () => {
  const wrong = files.flatMap((file) =>
    imports(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(src, resolve(join(src, dirname(file)), name)))
      .filter((target) => {
        const room = roomOf(target)
        return (
          room !== roomOf(file) && mayUse[roomOf(file)]?.includes(room) !== true && !target.startsWith('..')
        )
      })
      .map((target) => `${file} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

test('asm is pure: it imports nothing but itself, and names nothing of Node.js', () => {
  const wrong = files
    .filter((file) => roomOf(file) === 'asm')
    .flatMap((file) => [
      ...imports(file)
        .filter((name) => !name.startsWith('.'))
        .map((name) => `${file} imports ${name}`),
      ...(/(?<![.#\w])(?:process|Buffer|__dirname)\b(?=[.(])/.test(withoutComments(file))
        ? [`${file} uses Node.js`]
        : []),
    ])
  expect(wrong).toEqual([])
})

test('only loader/ffi.ts imports koffi', () => {
  expect(files.filter((file) => /\('koffi'\)|from 'koffi'/.test(withoutComments(file)))).toEqual([
    'loader/ffi.ts',
  ])
})

function withoutComments(file: string): string {
  return readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}
