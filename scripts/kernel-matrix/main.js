// Tries the packed package on the kernels that people have, each in a virtual machine.
//
//   node scripts/kernel-matrix/main.js [--verbose] [--write-docs] [NAME]…
//
// Without a network it uses the kernels of the last time. What cannot be run is skipped, or failed when CI=true.
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { pack, project } from '../pack.js'
import { DebianPackages } from './debian.js'
import { providePackage } from './guest-package.js'
import { provideKernel } from './kernel-cache.js'
import { kernels } from './kernels.js'
import { missingPackages } from './requirements.js'
import { writeTable } from './table.js'
import { provideUserland, userlandSuite } from './userland.js'
import { boot } from './virtual-machine.js'

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tsbpf-lb/kernel-matrix')
const strict = process.env.CI === 'true'
const bootAttempts = 2

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
})
const unknown = names.filter((name) => !kernels.some((kernel) => kernel.name === name))
if (unknown.length > 0 || (names.length > 0 && options['write-docs'])) {
  console.error(
    unknown.length > 0
      ? `No kernel ${unknown.join(', ')}; there are ${kernels.map(({ name }) => name).join(', ')}.`
      : 'The table is of all kernels: --write-docs takes no names.',
  )
  process.exit(2)
}
const chosen = kernels.filter(({ name }) => names.length === 0 || names.includes(name))
// A guest has one processor; each check is printed as it is made when there is one guest at a time.
const atOnce = options.verbose ? 1 : Math.min(2, availableParallelism())

const counts = { passed: 0, failed: 0, skipped: 0 }
const architecturesOfChosen = [...new Set(chosen.map(({ architecture }) => architecture))]
const missing = missingPackages(architecturesOfChosen)
if (missing.length > 0) {
  console.log(`The kernel matrix needs: apt-get install ${missing.join(' ')}`)
  counts[strict ? 'failed' : 'skipped'] += chosen.length
} else {
  mkdirSync(join(cache, 'runs'), { recursive: true })
  const work = mkdtempSync(join(cache, 'runs/run-'))
  process.on('exit', () => rmSync(work, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
  const results = await runMatrix(work)
  if (options['write-docs']) writeTable(join(project, 'docs/kernels.md'), results)
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed === 0 ? 0 : 1

async function runMatrix(work) {
  const { tarball } = pack(work)
  const guests = new Map(
    architecturesOfChosen.map((architecture) => [architecture, prepare(architecture, tarball, work)]),
  )
  const results = []
  const waiting = [...chosen.entries()]
  const workers = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, line] = next
      results[place] = { ...line, ...(await tryLine(line, guests.get(line.architecture), work)) }
    }
  })
  await Promise.all(workers)
  return results
}

/** What all guests of an architecture have in common, or the `reason` why there can be none. */
function prepare(architecture, tarball, work) {
  const lines = kernels.filter((line) => line.architecture === architecture)
  const suites = new Set([userlandSuite, ...lines.flatMap(({ suites }) => suites)])
  const packages = new DebianPackages(cache, [...suites], architecture)
  if (packages.problem !== undefined) console.log(`Newer kernels may exist: ${packages.problem}`)
  const userland = provideUserland(cache, packages, architecture)
  const product = providePackage(cache, architecture, tarball, work)
  for (const note of [userland.note, ...(product.notes ?? [])])
    if (note !== undefined) console.log(`  ${note}`)
  return {
    packages,
    userland: userland.file,
    product: product.file,
    reason: userland.reason ?? product.reason,
  }
}

async function tryLine(line, { packages, userland, product, reason }, work) {
  if (reason !== undefined) return unavailable(line, reason)
  const kernel = provideKernel(cache, packages, line)
  if ('reason' in kernel) return unavailable(line, kernel.reason)
  const initrd = join(work, `initrd-${line.name}`)
  concatenate(initrd, [userland, kernel.modules, product])
  const result = await tryKernel(line, kernel, initrd)
  rmSync(initrd)
  return { ...kernel, ...result }
}

function unavailable({ name, distribution, optional }, reason) {
  const outcome = strict && !optional ? 'failed' : 'skipped'
  counts[outcome]++
  printLine(outcome, name, distribution, `not to be had: ${reason}`)
  return { outcome }
}

async function tryKernel(line, { release, version, image, note }, initrd) {
  const { name, architecture, distribution, expect, lacks = [], varies = [] } = line
  if (note !== undefined) console.log(`  ${note}; using ${release}`)
  const log = join(cache, `console-${name}.log`)
  const started = performance.now()
  const checks = []
  const facts = {}
  let problem = ''
  for (let attempt = 1; attempt <= bootAttempts; attempt++) {
    rmSync(log, { force: true })
    const parameters = `suite=${expect} lacks=${lacks.join()} varies=${varies.join()}`
    const machine = { architecture, kernel: image, initrd, parameters, console: log }
    const ended = await boot(machine, (event) => {
      if (event.event === 'facts') Object.assign(facts, event)
      if (event.event !== 'check') return
      checks.push(event)
      if (options.verbose) printCheck(event)
    })
    problem = ended.ended ? '' : `the machine ${ended.problem}`
    if (ended.started) break
    if (attempt < bootAttempts) console.log(`  ${release}: ${problem}; once more`)
  }
  const bad = checks.filter(({ ok }) => !ok)
  const good = checks.length - bad.length
  // A machine that ended early, or a suite that checked nothing, is a failure of its own.
  const broken = problem !== '' || checks.length === 0 ? 1 : 0
  counts.passed += good
  counts.failed += bad.length + broken
  const outcome = bad.length + broken === 0 ? 'passed' : 'failed'
  const seconds = Math.round((performance.now() - started) / 1000)
  const how = facts.refusal ?? [facts.attached, facts.translation].filter(Boolean).join(', ')
  printLine(
    outcome,
    name,
    distribution,
    `${release} (${version}), ${good} of ${checks.length + broken} checks, ${seconds} s; ${how}`,
  )
  if (!options.verbose) bad.forEach(printCheck)
  if (broken === 1)
    console.log(indent(`${problem || 'nothing was checked'}. Its console: ${log}\n${tail(log)}`))
  return { outcome, facts, good, total: checks.length + broken }
}

function printLine(outcome, name, distribution, text) {
  const sign = { passed: '✓', failed: '✗', skipped: '-' }[outcome]
  console.log(`${sign} ${name.padEnd(9)} ${distribution.padEnd(20)} ${text}`)
}

function printCheck({ name, ok, seconds = 0, problem }) {
  console.log(`  ${ok ? '✓' : '✗'} ${name}  ${seconds} s`)
  if (!ok) console.log(indent(problem))
}

function indent(text) {
  return text.replace(/^/gm, '      ')
}

function tail(file) {
  try {
    return readFileSync(file, 'utf8').replaceAll('\r', '').trimEnd().split('\n').slice(-25).join('\n')
  } catch {
    return ''
  }
}

function concatenate(target, files) {
  const [first, ...rest] = files
  copyFileSync(first, target)
  for (const file of rest) appendFileSync(target, readFileSync(file))
}
