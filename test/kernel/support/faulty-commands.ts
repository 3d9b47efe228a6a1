import { expect } from 'vitest'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { Remote } from './remote.ts'

/** How a command ended. */
export interface FaultyResult {
  /** Changes to the kernel's state it has tried to make. */
  readonly steps: number
  readonly killed: boolean
  readonly error?: string
  /** The error's code, as `TsbpfError` has it. */
  readonly code?: string
}

/**
 * The load balancer's functions (`up`, `down`, `addService` …, from the built package) in a process of their own,
 * where a command can be made to fail or to die at any of its steps.
 */
export class FaultyCommands {
  readonly #remote: Remote

  constructor(namespace: NetworkNamespace) {
    this.#remote = new Remote(namespace, './crash-process.js', 'faulty')
  }

  /** Runs a command, however it ends. */
  async try(name: string, ...args: unknown[]): Promise<FaultyResult> {
    return await this.#remote.call(name, { with: args })
  }

  /** Runs a command that must succeed. */
  async run(name: string, ...args: unknown[]): Promise<FaultyResult> {
    const result = await this.try(name, ...args)
    expect(result, name).not.toHaveProperty('error')
    return result
  }

  /** Runs a command that dies before its step of this number, from 0. */
  async kill(step: number, name: string, ...args: unknown[]): Promise<void> {
    const result = await this.#remote.call<FaultyResult>(name, { with: args, killAt: step })
    expect(result).toMatchObject({ steps: step, killed: true })
  }

  /** Runs a command whose step of this number, from 0, fails; what it does to undo the others works. */
  async fail(step: number, name: string, ...args: unknown[]): Promise<FaultyResult> {
    return await this.#remote.call<FaultyResult>(name, { with: args, failAt: step })
  }

  /** Ends the process. */
  async end(): Promise<void> {
    await this.#remote.end()
  }
}

/**
 * The steps to try of a command that has `count`. Trying each of them takes minutes, so every day it is some; with
 * TSBPF_TEST_EVERY_STEP=1, or whenever the order of steps is changed, it is all.
 */
export function stepsToTry(count: number): number[] {
  expect(count).toBeGreaterThan(4)
  const stride = process.env.TSBPF_TEST_EVERY_STEP === '1' ? 1 : 12
  return Array.from({ length: Math.ceil(count / stride) }, (_, i) => Math.min(i * stride, count - 1))
}
