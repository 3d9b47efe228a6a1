import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect } from 'vitest'
import { deleteNamespace, listNamespaces } from '../../src/loader/netns/named.ts'
import { inNamespace } from '../../src/loader/netns/namespace.ts'
import { describe, test } from './support/kernel-test.ts'
import { testNamespaces } from './support/namespaces.ts'
import { outputPattern, type TutorialStep, tutorialSteps } from './support/tutorial.ts'
import { until } from './support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = readFileSync(join(root, 'docs/tutorial.md'), 'utf8')

/** The tutorial's namespace is called `lab`; here it must not meet one of that name on this machine. */
const lab = `tsbpf-test-${process.pid}-lab`
/** Node.js from 22.18 on runs TypeScript as it is. */
const runsTypeScript = 'typescript' in process.features && process.features.typescript === 'strip'

interface Terminal {
  readonly interrupt: () => Promise<void>
  readonly output: () => string
}

/** Types the tutorial's commands, as root, in a folder of its own and a network namespace of its own. */
describe('the tutorial', () => {
  const namespaces = testNamespaces('all')
  const here = namespaces.create('tutorial')
  const folder = mkdtempSync(join(tmpdir(), 'tsbpf-tutorial-'))
  const terminals = new Map<number, Terminal>()

  afterAll(async () => {
    for (const terminal of terminals.values()) await terminal.interrupt()
    if (listNamespaces().includes(lab)) deleteNamespace(lab)
    rmSync(folder, { recursive: true })
  })

  test('works, step by step', { timeout: 240_000 }, async () => {
    prepare(folder)
    for (const step of tutorialSteps(text)) await follow(step)
  })

  async function follow(step: TutorialStep): Promise<void> {
    if (step.kind === 'file') {
      writeFileSync(join(folder, step.name), adapt(step.text))
      if (!runsTypeScript && step.name.endsWith('.ts')) compile(folder, step.name)
    } else if (step.kind === 'interrupt') {
      await terminals.get(step.terminal)?.interrupt()
      terminals.delete(step.terminal)
    } else if (step.kind === 'shown') {
      const output = terminals.get(step.terminal)?.output ?? (() => '')
      await until(`line ${step.line}`, output, (text) => outputPattern(step.output).test(text))
    } else if (step.terminal !== undefined) {
      const terminal = open(step.commands)
      terminals.set(step.terminal, terminal)
      if (step.output !== undefined)
        await until(`line ${step.line}`, terminal.output, (output) =>
          outputPattern(step.output ?? '').test(output),
        )
    } else {
      for (const [at, command] of step.commands.entries()) {
        if (command.startsWith('npm install ')) continue // prepare() has done it
        const last = at === step.commands.length - 1
        const outcome = run(command)
        expect(outcome.code === 0, `line ${step.line}: ${command}\n${outcome.output}`).toBe(
          !(last && step.fails),
        )
        if (last && step.output !== undefined)
          expect(outcome.output, `line ${step.line}: ${command}`).toMatch(outputPattern(step.output))
      }
    }
  }

  function run(command: string): { readonly code: number; readonly output: string } {
    const file = join(folder, '.output')
    const line = `{ ${adapt(command)}\n} >${file} 2>&1`
    try {
      inNamespace(here, () => execFileSync('bash', ['-c', line], { cwd: folder, env: environment }))
      return { code: 0, output: readFileSync(file, 'utf8') }
    } catch (error) {
      return { code: (error as { status: number }).status, output: readFileSync(file, 'utf8') }
    }
  }

  function open(commands: readonly string[]): Terminal {
    const line = `exec ${adapt(commands.join(' && '))}`
    const child = inNamespace(here, () =>
      spawn('bash', ['-c', line], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    let output = ''
    const collect = (data: Buffer): void => {
      output += data.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const ended = new Promise<void>((resolve) => {
      child.on('close', () => resolve())
    })
    const interrupt = async (): Promise<void> => {
      child.kill('SIGINT')
      await ended
    }
    return { interrupt, output: () => output }
  }
})

const environment = { ...process.env, NO_COLOR: '1' }

/** What the machine of the test needs of the text otherwise than a reader's. */
function adapt(line: string): string {
  const adapted = line.replaceAll(/\bsudo /g, '').replaceAll(/\blab\b/g, lab)
  const named = adapted.replaceAll(/\bnpx tsbpf-lb\b/g, `node ${join(root, 'dist/cli/main.js')}`)
  return runsTypeScript
    ? named
    : named.replaceAll(/(\S+)\.ts\b(?!')/g, '$1.js').replaceAll(/(from '\.\/\S+)\.ts'/g, "$1.js'")
}

/** A project that has the package installed. */
function prepare(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/tsbpf-lb'))
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
}

/** For a Node.js that does not run TypeScript; checks the types as well. */
function compile(folder: string, name: string): void {
  const options = [
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--sourceMap',
    '--skipLibCheck',
  ]
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '--ignoreConfig', '--strict', ...options, name], { cwd: folder })
}
