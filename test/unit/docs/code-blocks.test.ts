import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as asm from '../../../src/asm/index.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const surroundings = join(root, 'test/unit/docs/surroundings.ts')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Where names that a block uses without declaring them come from; the first that has one counts. */
const modules: readonly (readonly [specifier: string, names: ReadonlySet<string>])[] = [
  [surroundings, exported(readFileSync(surroundings, 'utf8'))],
  ['tsbpf-lb/asm', new Set([...Object.keys(asm), ...exported(text('src/asm/index.ts'))])],
  ['tsbpf-lb/loader', exported(text('src/loader/index.ts'))],
]

/** The tutorial's files are run by a test of their own. */
test.each(['README.md', 'docs/dsl.md'])(
  '%s: every block of TypeScript compiles',
  (document) => {
    const blocks = blocksOf(text(document))
    expect(blocks.length).toBeGreaterThan(0)
    expect(complaintsAbout(blocks)).toEqual([])
  },
  60_000,
)

test('a block that does not compile is noticed, with its line in the document', () => {
  const blocks = blocksOf('# Title\n\n```ts\nconst n: string = u32.size\n```\n')
  expect(complaintsAbout(blocks)).toEqual([
    "4: error TS2322: Type 'number' is not assignable to type 'string'.",
  ])
}, 60_000)

interface Block {
  /** Of its first line, from 1. */
  readonly line: number
  readonly code: string
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length + 1,
    code: match[1] ?? '',
  }))
}

/** What the compiler says, with lines of the document. */
function complaintsAbout(blocks: readonly Block[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-docs-'))
  try {
    const earlier = new Map<string, string>()
    blocks.forEach(({ line, code }, i) => {
      const declared = Array.from(code.matchAll(/^(?:const|function) (\w+)/gm), ([, name = '']) => name)
      // The imports take one line, so that the block's lines are where they are in the document.
      const before = `${importsOf(code, earlier)}${'\n'.repeat(line - 1)}`
      writeFileSync(join(directory, `block-${i}.ts`), `${before}${code}\nexport { ${declared.join(', ')} }`)
      for (const name of declared) earlier.set(name, `./block-${i}.js`)
    })
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(configuration()))
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'], {
      cwd: directory,
    })
    return []
  } catch (error) {
    const { stdout } = error as { readonly stdout?: Buffer }
    if (stdout === undefined) throw error
    return stdout
      .toString()
      .split('\n')
      .filter((line) => /^\S/.test(line))
      .map((line) => line.replace(/^block-\d+\.ts\((\d+),\d+\)/, '$1'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The project's own configuration; blocks may leave things unused, and types are imported as values are. */
function configuration(): unknown {
  const entry = (name: string): [string, string[]] => [
    `tsbpf-lb/${name}`,
    [join(root, `src/${name}/index.ts`)],
  ]
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      verbatimModuleSyntax: false,
      isolatedModules: false,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      typeRoots: [join(root, 'node_modules/@types')],
      paths: Object.fromEntries(['asm', 'loader', 'programs'].map(entry)),
    },
    include: ['*.ts'],
  }
}

/** Imports of what a block uses without declaring it, from `modules` or the last earlier block that has it. */
function importsOf(code: string, earlier: ReadonlyMap<string, string>): string {
  const bare = code.replaceAll(/\/\/.*|'[^'\n]*'/g, '')
  const declared = new Set(
    Array.from(bare.matchAll(/\b(?:const|let|using|function) (\w+)/g), (match) => match[1]),
  )
  for (const [, ...lists] of bare.matchAll(/\bimport \{([^}]*)\}|\bconst \{([^}]*)\}/g))
    for (const name of lists.join(',').split(',')) declared.add(name.trim())
  const used = new Set(Array.from(bare.matchAll(/(?<![.\w])[A-Za-z_]\w*/g), ([name]) => name))
  return [...used]
    .filter((name) => !declared.has(name))
    .map((name) => {
      const from = modules.find(([, names]) => names.has(name))?.[0] ?? earlier.get(name)
      return from === undefined ? '' : `import { ${name} } from '${from}'; `
    })
    .join('')
}

/** The names that a module exports. */
function exported(source: string): Set<string> {
  const names = new Set<string>()
  for (const [, list = ''] of source.matchAll(/^export (?:type )?\{([^}]*)\}/gms))
    for (const item of list.split(',')) {
      const name = item
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, '')
      if (name !== '') names.add(name)
    }
  for (const [, name = ''] of source.matchAll(/^export (?:declare )?(?:const|function|class) (\w+)/gm))
    names.add(name)
  return names
}
