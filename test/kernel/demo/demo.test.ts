import { expect } from 'vitest'
import type { DemoResult } from '../../../src/programs/load-balancer/demo/demo.ts'
import { describe, test } from '../support/kernel-test.ts'
import { RunningDemo } from './running-demo.ts'

describe('the demo', () => {
  test('tells its story, holds what it claims and leaves nothing', async () => {
    const demo = new RunningDemo('--requests', '60')
    await demo.tells('A network to play in')
    expect(demo.namespaces()).toHaveLength(5)
    const exitCode = await demo.exitCode
    expect({ exitCode, stderr: demo.stderr }, demo.stdout).toEqual({ exitCode: 0, stderr: '' })
    demo.expectNothingLeft()

    const { stdout } = demo
    expect(stdout).toContain('60 of 60 requests, 0 failed')
    expect(stdout).toMatch(/lb_ingress, from TypeScript: [\d,]+ instructions, [\d,]+ bytes/)
    expect(stdout).toMatch(/\$ tsbpf-lb backend drain 80 10\.0\.[123]\.10:8080/)
    expect(stdout).toMatch(/10\.0\.0\.10:\d+ +10\.0\.0\.1:80 +10\.0\.2\.10:8080 +\w+/)
    expect(stdout).toContain('✓ the sandbox is gone')
    expect(stdout).not.toContain('✗')
    // Not a terminal: no colours, nothing is drawn over.
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\r')
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('prints one JSON document', async () => {
    const demo = new RunningDemo('--requests', '50', '--json')
    expect(await demo.exitCode, demo.stderr).toBe(0)
    const result = JSON.parse(demo.stdout) as DemoResult
    expect(result.ok).toBe(true)
    expect(result.checks.filter(({ holds }) => !holds)).toEqual([])
    expect(result.balanced).toMatchObject({ answered: 50, failed: 0 })
    expect(result.drained.after.backends[result.drained.backend]).toBe(0)
    expect(result.drained.held).toMatchObject({ backend: result.drained.backend, troubles: [] })
    expect(result.flows.sample).toHaveLength(3)
    expect(result.program.name).toBe('lb_ingress')
    expect(demo.namespaces()).toEqual([])
  })

  test('runs twice at the same time', async () => {
    const demos = [new RunningDemo('--requests', '60'), new RunningDemo('--requests', '60')]
    await Promise.all(demos.map((demo) => demo.tells('A network to play in')))
    for (const demo of demos) expect(await demo.exitCode, demo.stdout + demo.stderr).toBe(0)
    for (const demo of demos) demo.expectNothingLeft()
  })

  test.each(['0', '49', '10001', '1e2', 'many', '-60'])('refuses --requests=%s', async (requests) => {
    const demo = new RunningDemo(`--requests=${requests}`)
    expect(await demo.exitCode).toBe(2)
    expect(demo.stderr).toContain('a whole number, 50 to 10000')
    expect(demo.stdout).toBe('')
  })
})
