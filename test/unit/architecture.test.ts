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

test('docs/architecture.md has a line for every folder of a room', () => {
  const text = readFileSync(join(src, '../docs/architecture.md'), 'utf8')
  const tree = /^```\n(src\/.*?)^```$/ms.exec(text)?.[1] ?? ''
  const named = new Set<string>()
  const path: string[] = []
  for (const [, indent = '', name = ''] of tree.matchAll(/^( *)([\w./-]+)\/ /gm)) {
    path.splice(indent.length / 2, Number.POSITIVE_INFINITY, name.replace(/^src\//, ''))
    named.add(path.join('/'))
  }
  const exists = (folder: string): boolean => files.some((file) => file.startsWith(`${folder}/`))
  expect([...named].filter((folder) => !exists(folder) && roomOf(folder) in mayUse)).toEqual([])
  /** Of the rooms, and of what the document goes through folder by folder. */
  const folders = files.flatMap((file) => {
    const [room = '', folder = '', inner = '', deeper] = file.split('/')
    if (inner === '') return []
    const byFolder = folder === 'dsl' || folder === 'load-balancer'
    if (byFolder) return deeper === undefined ? [] : [`${room}/${folder}/${inner}`]
    return [`${room}/${folder}`]
  })
  expect([...new Set(folders)].filter((folder) => !named.has(folder))).toEqual([])
})
