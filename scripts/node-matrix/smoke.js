import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { project } from '../pack.js'
import { run, succeed } from './checks.js'

const program = `  r0 = *(u8 *)(r1 + 0)
  r0 += 41
  exit
`
const typesOfKernel = '/sys/kernel/btf/vmlinux'

/** What works anywhere, and as root the demo: real packets through the real kernel. */
export function smokeTest(checks, version, node, installed, work) {
  const command = commandIn(installed, node)
  checks.check(`Node ${version}: help, inspect, asm, disasm, run, types, imports`, () => {
    tryPureCommands(command, work)
    tryImports(node, installed)
  })
  const name = `Node ${version}: demo`
  if (process.getuid?.() !== 0) checks.skip(name, 'needs root')
  else
    checks.check(name, () => {
      const { code, stdout, stderr } = command('demo', '--requests', '50')
      succeed(code, stdout + stderr)
    })
}

/** The types, in a program of a user's: right ones are taken, wrong ones refused. */
export function checkTypes(checks, installed) {
  const tsc = join(project, 'node_modules/.bin/tsc')
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
  ]
  const typesOfNode = ['--typeRoots', join(project, 'node_modules/@types'), '--types', 'node']
  const compile = (source) => {
    const file = join(installed, 'user.mts')
    writeFileSync(file, source)
    return run(tsc, [...options, ...typesOfNode, file], { cwd: installed })
  }
  checks.check('types: a program of a user’s compiles, a wrong one does not', () => {
    const { code, stdout } = compile(`
      import { arrayMap, struct, tc, u64 } from 'tsbpf-lb/asm'
      import { createMap } from 'tsbpf-lb/loader'
      import type { UpRequest } from 'tsbpf-lb/programs'
      const traffic = arrayMap('traffic', struct('traffic', { packets: u64 }), { maxEntries: 1 })
      export const program = tc('count', (b) => b.return(0))
      export const read = (): bigint | undefined => createMap(traffic).get(0)?.packets
      export type Name = UpRequest['interface']`)
    succeed(code, stdout)
    const wrong = compile(`import { assemble } from 'tsbpf-lb/asm'; export const code: number = assemble`)
    expect(wrong.stdout, /error TS2322/, 'a wrong use was taken')
  })
}

/** Where koffi has no binary, everything that needs no system call works, and the rest says why it does not. */
export function smokeTestWithoutKoffi(checks, installed, work) {
  const copy = join(work, 'without-koffi')
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  for (const name of ['koffi', '@koromix']) rmSync(join(copy, 'node_modules', name), { recursive: true })
  const command = commandIn(copy, process.execPath)
  checks.check('without koffi: help, inspect, asm, disasm, run, types', () => tryPureCommands(command, work))
  checks.check('without koffi: status says what is missing', () => {
    const { code, stderr } = command('status')
    expect(code, 1, stderr)
    if (!/^error: the native interface \(koffi\) cannot be loaded on /.test(stderr)) throw new Error(stderr)
  })
}

/** Runs the installed command with some release of Node. */
function commandIn(installed, node) {
  const file = join(installed, 'node_modules/tsbpf-lb/dist/cli/main.js')
  return (...args) => run(node, [file, ...args])
}

function tryPureCommands(command, work) {
  const file = join(work, 'program.asm')
  const binary = join(work, 'program.bin')
  writeFileSync(file, program)
  expect(output(command, '--version'), /^\d+\.\d+\.\d+\n$/)
  expect(output(command, '--help'), /^Usage: tsbpf-lb /)
  expect(output(command, 'inspect'), /^; .*\.ts:\d+ .*\n +\d+: /m)
  output(command, 'asm', file, '-o', binary)
  expect(output(command, 'disasm', binary), /r0 \+= 41/)
  expect(output(command, 'run', file, '--memory', '01'), /0x2a/)
  if (existsSync(typesOfKernel))
    expect(output(command, 'types', 'iphdr', '--btf', typesOfKernel), /\bsaddr\b/)
}

/** The entry points, from a program of a user's. */
function tryImports(node, installed) {
  const script = `
    const { assemble } = await import('tsbpf-lb/asm')
    const { runningKernelTypes } = await import('tsbpf-lb/loader')
    const programs = await import('tsbpf-lb/programs')
    console.log(typeof assemble, typeof runningKernelTypes, Object.keys(programs).length > 0)`
  const { code, stdout, stderr } = run(node, ['--input-type=module', '--eval', script], { cwd: installed })
  succeed(code, stderr)
  expect(stdout, 'function function true\n', stderr)
}

function output(command, ...args) {
  const { code, stdout, stderr } = command(...args)
  if (code !== 0) throw new Error(`${args.join(' ')}: exit code ${code}\n${stderr}`)
  return stdout
}

function expect(actual, wanted, context = '') {
  const fits = wanted instanceof RegExp ? wanted.test(actual) : actual === wanted
  if (!fits) throw new Error(`expected ${wanted}, got ${String(actual).slice(0, 500)}\n${context}`.trim())
}
