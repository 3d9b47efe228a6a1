import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FileSourceText } from '../../../src/loader/source-text.ts'

const original = 'interface A {}\nconst a: number = 1\nexport const use = () => a\n'
const compiled = 'const a = 1;\nexport const use = () => a;\n'
// Line 1 of the output from line 2 of the source, columns 1 and 7; line 2 from line 3, columns 1, 8 and 14.
const mappings = 'AACA,MAAM,CAAC;AACP,OAAO,MAAM'
const map = {
  version: 3,
  file: 'a.js',
  sourceRoot: '',
  sources: ['../src/a.ts'],
  sourcesContent: [original],
  names: [],
  mappings,
}

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsbpf-source-'))
  const put = (name: string, content: string) => writeFileSync(join(directory, name), content)
  put('a.js', `${compiled}//# sourceMappingURL=a.js.map\n`)
  put('a.js.map', JSON.stringify(map))
  put('beside.js', compiled)
  put('beside.js.map', JSON.stringify({ ...map, sources: ['plain.ts'], sourcesContent: undefined }))
  const inline = Buffer.from(JSON.stringify(map)).toString('base64')
  put('inline.js', `${compiled}//# sourceMappingURL=data:application/json;charset=utf-8;base64,${inline}\n`)
  put('broken.js', `${compiled}//# sourceMappingURL=broken.js.map\n`)
  put('broken.js.map', '{')
  put('plain.ts', original)
})
afterAll(() => rmSync(directory, { recursive: true }))

const at = (name: string, line: number, column: number) => ({ file: join(directory, name), line, column })

it.each(['a.js', 'inline.js'])('follows %s to its original, whose text is in the map', (name) => {
  const source = new FileSourceText()
  const file = join(directory, '../src/a.ts')
  expect(source.locate(at(name, 1, 1))).toEqual({ file, line: 2, column: 1 })
  expect(source.locate(at(name, 1, 7))).toEqual({ file, line: 2, column: 7 })
  expect(source.locate(at(name, 2, 14))).toEqual({ file, line: 3, column: 14 })
  expect(source.line(file, 2)).toBe('const a: number = 1')
  expect(source.line(file, 99)).toBeUndefined()
})

it('finds a map that lies beside the file, and text on disk', () => {
  const source = new FileSourceText()
  const found = source.locate(at('beside.js', 1, 7))
  expect(found).toEqual(at('plain.ts', 2, 7))
  expect(source.line(found.file, found.line)).toBe('const a: number = 1')
})

it('takes file URLs', () => {
  const source = new FileSourceText()
  const url = pathToFileURL(join(directory, 'plain.ts')).href
  expect(source.locate({ file: url, line: 3, column: 2 })).toEqual(at('plain.ts', 3, 2))
  expect(source.line(url, 3)).toBe('export const use = () => a')
  const compiledUrl = pathToFileURL(join(directory, 'a.js')).href
  expect(source.locate({ file: compiledUrl, line: 2, column: 1 }).line).toBe(3)
})

it('keeps positions that lead nowhere', () => {
  const source = new FileSourceText()
  for (const position of [
    at('broken.js', 1, 1),
    at('missing.js', 1, 1),
    at('a.js', 99, 1),
    { file: 'node:internal/x', line: 1, column: 1 },
    { file: 'file://%zz', line: 1, column: 1 },
  ])
    expect(source.locate(position)).toEqual(position)
  expect(source.line(join(directory, 'missing.ts'), 1)).toBeUndefined()
})
