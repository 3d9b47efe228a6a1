import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { project } from '../pack.js'
import { run, succeed } from './checks.js'

const documents = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']

/** What is in the tarball: all that it takes, and nothing else. */
export function checkContents(checks, paths) {
  checks.check('the tarball holds code, types, source maps and source, and no tests', () => {
    const held = new Set(paths)
    const wanted = [...documents]
    for (const path of paths) {
      const source = /^src\/(.*)\.ts$/.exec(path)?.[1]
      if (source !== undefined)
        wanted.push(...['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => `dist/${source}${ending}`))
      const compiled = /^dist\/(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(path)?.[1]
      if (compiled !== undefined) wanted.push(`src/${compiled}.ts`)
      else if (source === undefined && !documents.includes(path))
        throw new Error(`${path} does not belong there`)
    }
    const missing = wanted.filter((path) => !held.has(path))
    if (missing.length > 0) throw new Error(`missing: ${[...new Set(missing)].join(', ')}`)
    const tests = paths.filter((path) => /\b(test|golden|fixture)\b/.test(path))
    if (tests.length > 0) throw new Error(`tests: ${tests.join(', ')}`)
  })

  checks.check('the manifest has exact run-time pins and no install scripts', () => {
    const { dependencies, scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    for (const [name, version] of Object.entries(dependencies))
      if (!/^(npm:.+@)?\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name} is ${version}`)
    const hooks = [
      'preinstall',
      'install',
      'postinstall',
      'prepublish',
      'preprepare',
      'prepare',
      'postprepare',
    ]
    const present = hooks.filter((name) => name in scripts)
    if (present.length > 0) throw new Error(`scripts: ${present.join(', ')}`)
  })
}

/** publint and attw in the versions of the lock file. */
const tools = { publint: ['--strict'], attw: ['--profile', 'esm-only', '--no-emoji'] }
/** Not in the lock file: some of knip's optional parts for other platforms are not to be had everywhere. */
const knip = 'knip@6.44.2'

/** What other tools say about the tarball and the tree. */
export function checkWithTools(checks, tarball) {
  for (const [tool, args] of Object.entries(tools))
    checks.check(tool, () => {
      const { code, stdout, stderr } = run(join(project, 'node_modules/.bin', tool), [tarball, ...args], {
        cwd: project,
      })
      succeed(code, stdout + stderr)
    })
  checks.check('knip', () => {
    const { code, stdout, stderr } = run('npm', ['exec', '--yes', `--package=${knip}`, '--', 'knip'], {
      cwd: project,
    })
    succeed(code, stdout + stderr)
  })
}
