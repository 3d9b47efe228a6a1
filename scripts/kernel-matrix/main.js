// Tries the packed package on the kernels that people have, each in a virtual machine.
//
//   node scripts/kernel-matrix/main.js [--only NAME,NAME] [--verbose] [--write-docs]
//
// Without a network it uses the kernels of the last time. What cannot be run is skipped, or failed when CI=true.
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { pack, project } from '../pack.js'
import { DebianPackages } from './debian.js'
import { missingPackages, writePackage, writeUserland } from './initramfs.js'
import { provideKernel } from './kernel-cache.js'
import { kernels } from './kernels.js'
import { writeTable } from './table.js'
import { boot } from './virtual-machine.js'

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tsbpf-lb/kernel-matrix')
const strict = process.env.CI === 'true'
const bootAttempts = 2

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
})
const names = options.only?.split(',')
const chosen = kernels.filter(({ name }) => names === undefined || names.includes(name))
if (chosen.length === 0) {
  console.error(`No such kernel; there are ${kernels.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}

const counts = { passed: 0, failed: 0, skipped: 0 }
const missing = missingPackages()
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
  const packages = new DebianPackages(cache, [...new Set(kernels.flatMap(({ suites }) => suites))])
  if (packages.problem !== undefined) console.log(`Newer kernels may exist: ${packages.problem}`)
  writeUserland(join(work, 'userland.cpio'))
  writePackage(join(work, 'package.cpio'), pack(work).tarball, work)
  const results = []
  for (const line of chosen) {
    const kernel = provideKernel(cache, packages, line)
    const result = 'reason' in kernel ? unavailable(line, kernel.reason) : await tryKernel(line, kernel, work)
    results.push({ ...line, ...kernel, ...result })
  }
  return results
}

function unavailable({ name, distribution, optional }, reason) {
  const outcome = strict && !optional ? 'failed' : 'skipped'
  counts[outcome]++
  printLine(outcome, name, distribution, `not to be had: ${reason}`)
  return { outcome }
}

async function tryKernel({ name, distribution, expect }, { release, version, image, modules, note }, work) {
  if (note !== undefined) console.log(`  ${note}; using ${release}`)
  const initrd = join(work, 'initrd')
  concatenate(initrd, [join(work, 'userland.cpio'), modules, join(work, 'package.cpio')])
  const log = join(cache, `console-${name}.log`)
  const started = performance.now()
  const checks = []
  const facts = {}
  let problem = ''
  for (let attempt = 1; attempt <= bootAttempts; attempt++) {
    rmSync(log, { force: true })
    const machine = { kernel: image, initrd, parameters: `suite=${expect}`, console: log }
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
