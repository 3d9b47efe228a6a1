// Records what the loader and the kernel agree on, as a C compiler for each architecture sees it: numbers of system
// calls, constants, error numbers, layouts of structures. The unit tests hold the code to the record.
//
//   npm run record:abi
//
// Takes clang, and the headers from Debian's packages; the compiler's own target needs no cross tools.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants as system, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { syscallNumbers } from '../../dist/loader/syscall-numbers.js'
import * as constants from '../../dist/loader/system-constants.js'
import { DebianPackages } from '../kernel-matrix/debian.js'
import { project } from '../pack.js'
import { cValues } from './c-values.js'
import { structures } from './subjects.js'

const record = join(project, 'test/unit/loader/recorded-abi.json')
/** By Node.js's names; with Debian's, and the compiler's. */
const targets = {
  x64: { debian: 'amd64', triplet: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', triplet: 'aarch64-linux-gnu' },
}
/** The newest kernel's headers: layouts only ever grow. */
const suite = 'sid'

const work = mkdtempSync(join(tmpdir(), 'tsbpf-lb-abi-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const recorded = {}
for (const [architecture, { debian, triplet }] of Object.entries(targets)) {
  const packages = new DebianPackages(work, [suite], debian)
  if (packages.problem !== undefined) throw new Error(packages.problem)
  const wanted = packages
    .withDependencies(['linux-libc-dev', 'libc6-dev'], suite)
    .filter((name) => /^(linux-libc-dev|libc6-dev)=/.test(name))
  recorded[architecture] = { headers: wanted, ...measure(packages.unpack(wanted, work), triplet) }
}
writeFileSync(record, `${JSON.stringify(recorded, undefined, 2)}\n`)
execFileSync('npx', ['biome', 'format', '--write', record], { cwd: project, stdio: 'inherit' })

function measure(tree, triplet) {
  const evaluate = (expressions) => {
    const list = Object.entries(expressions)
    const values = cValues(
      tree,
      triplet,
      list.map(([, expression]) => expression),
    )
    return Object.fromEntries(list.map(([name], i) => [name, values[i]]))
  }
  const named = (names) => evaluate(Object.fromEntries(names.map((name) => [name, name])))
  return {
    syscalls: evaluate(
      Object.fromEntries(Object.keys(syscallNumbers.x64).map((name) => [name, `__NR_${name}`])),
    ),
    constants: named(Object.keys(constants)),
    errors: named(Object.keys(system.errno)),
    structures: Object.fromEntries(
      Object.entries(structures).map(([type, members]) => {
        const [size] = cValues(tree, triplet, [`sizeof(${type})`])
        const offsets = evaluate(
          Object.fromEntries(members.map((name) => [name, `offsetof(${type}, ${name})`])),
        )
        const sizes = evaluate(
          Object.fromEntries(members.map((name) => [name, `sizeof(((${type} *)0)->${name})`])),
        )
        return [
          type,
          { size, members: Object.fromEntries(members.map((name) => [name, [offsets[name], sizes[name]]])) },
        ]
      }),
    ),
  }
}
