import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect } from 'vitest'
import { listNamespaces } from '../../../src/loader/netns/named.ts'
import { inNamespace, openNamespace } from '../../../src/loader/netns/namespace.ts'
import { stateDirectory } from '../../../src/programs/load-balancer/control/state-directory.ts'
import { demoTopology, namespacesOf } from '../../../src/programs/load-balancer/demo/topology.ts'
import { commandPath } from '../support/command.ts'
import { until } from '../support/until.ts'

const running = new Set<RunningDemo>()

/** The built demo as a process of its own, with pipes instead of a terminal. Call it inside of a test. */
export class RunningDemo {
  readonly process: ChildProcess
  /** The exit code; null when a signal ended it. */
  readonly exitCode: Promise<number | null>
  stdout = ''
  stderr = ''
  #pins: string | undefined
  #children: readonly number[] = []

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, [commandPath, 'demo', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exitCode = new Promise((resolve, reject) => {
      this.process.on('error', reject)
      this.process.on('close', resolve)
    })
    running.add(this)
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** Names of its namespaces that exist now. */
  namespaces(): string[] {
    const ours = namespacesOf(demoTopology(this.pid))
    return listNamespaces().filter((name) => ours.includes(name))
  }

  /** Process ids of its children; those that it had the last time, when it has ended. */
  children(): readonly number[] {
    if (existsSync(`/proc/${this.pid}`)) this.#children = childrenOf(this.pid)
    return this.#children
  }

  /** Waits until its story has come to some words. Remembers its children and where its balancer's pins are. */
  async tells(words: string): Promise<void> {
    await until(
      `the demo to tell "${words}"`,
      () => this.stdout + this.stderr,
      (text) => text.includes(words),
    )
    if (this.#pins === undefined) {
      using namespace = openNamespace(demoTopology(this.pid).balancer.namespace)
      this.#pins = inNamespace(namespace, stateDirectory)
    }
    this.children()
  }

  /** Whether there are pins of its balancer. */
  get hasPins(): boolean {
    if (this.#pins === undefined) throw new Error('call tells() first')
    return existsSync(this.#pins)
  }

  /** Once it has ended: no namespace, no pin, no process of it is there any more. */
  expectNothingLeft(): void {
    expect(this.namespaces()).toEqual([])
    expect(this.hasPins).toBe(false)
    expect(this.#children).not.toEqual([])
    expect(this.#children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  }
}

/** Ends demos that a failed test has left running; they clean up after themselves. */
afterEach(async () => {
  for (const demo of running) {
    demo.process.kill('SIGCONT')
    demo.process.kill('SIGTERM')
    await demo.exitCode
  }
  running.clear()
})

/** The command line of a process, as words. */
export function commandOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    // proc_pid_stat(5): the name may hold anything but ends at the last parenthesis; then state, then the parent.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
