import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { describe, test } from '../support/kernel-test.ts'
import { until } from '../support/until.ts'
import { commandOf, RunningDemo } from './running-demo.ts'

describe('a demo that is stopped', () => {
  test.each([
    ['SIGINT', 'while the balancer comes up', 'A network to play in'],
    ['SIGINT', 'while requests are sent', '3. '],
    ['SIGTERM', 'while a backend is drained', '$ tsbpf-lb backend drain'],
    ['SIGHUP', 'while the kernel is asked for flows', 'Answered in'],
  ] as const)('by %s %s removes everything', async (signal, _when, words) => {
    const demo = new RunningDemo()
    await demo.tells(words)
    demo.process.kill(signal)
    expect(await demo.exitCode).toBe(130)
    expect(demo.stderr).toContain('interrupted')
    expect(demo.stdout).not.toContain('Did it hold?')
    demo.expectNothingLeft()
  })

  test('because nobody reads its story removes everything, and has not succeeded', async () => {
    const demo = new RunningDemo()
    await demo.tells('Bringing the load balancer up')
    demo.process.stdout?.destroy()
    expect(await demo.exitCode).toBe(1)
    await until(
      'the children to end',
      () => demo.children().filter((pid) => existsSync(`/proc/${pid}`)),
      (pids) => pids.length === 0,
    )
    demo.expectNothingLeft()
  })

  test('with kill -9 is removed by the next demo', async () => {
    const killed = new RunningDemo()
    await killed.tells('What the kernel knows')
    killed.process.kill('SIGKILL')
    expect(await killed.exitCode).toBe(null)
    expect(killed.namespaces()).toHaveLength(5)
    expect(killed.hasPins).toBe(true)
    // Its servers and its client notice by themselves.
    await until(
      'the children to end',
      () => killed.children().filter((pid) => existsSync(`/proc/${pid}`)),
      (pids) => pids.length === 0,
    )

    const next = new RunningDemo('--requests', '50')
    expect(await next.exitCode, next.stdout + next.stderr).toBe(0)
    expect(next.stdout).toContain(`tsbpf-demo-${killed.pid}-balancer`)
    killed.expectNothingLeft()
  })

  test('for a while is left alone by another demo', async () => {
    const first = new RunningDemo()
    await first.tells('A network to play in')
    first.process.kill('SIGSTOP')
    const second = new RunningDemo('--requests', '50')
    expect(await second.exitCode, second.stdout + second.stderr).toBe(0)
    expect(second.stdout).not.toContain('was killed')
    expect(first.namespaces()).toHaveLength(5)
    first.process.kill('SIGCONT')
    first.process.kill('SIGINT')
    expect(await first.exitCode).toBe(130)
    first.expectNothingLeft()
  })
})

describe('a demo in which something breaks', () => {
  test('says what did not hold, exits with 1 and removes everything', async () => {
    const demo = new RunningDemo('--requests', '2000')
    await demo.tells('3. ')
    const server = demo.children().find((pid) => commandOf(pid).includes('backend-2'))
    if (server === undefined) throw new Error('the demo has no server for backend-2')
    process.kill(server, 'SIGKILL')
    expect(await demo.exitCode, demo.stdout + demo.stderr).toBe(1)
    expect(demo.stdout).toMatch(/✗ \d+ requests sent, 0 failed\n +but: \d+ failed: \d+ × E/)
    expect(demo.stdout).toMatch(/claims? did not hold/)
    demo.expectNothingLeft()
  })
})
