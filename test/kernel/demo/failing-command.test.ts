import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { listNamespaces } from '../../../src/loader/netns/named.ts'
import type * as Demo from '../../../src/programs/load-balancer/demo/demo.ts'
import { demoProcessOf } from '../../../src/programs/load-balancer/demo/topology.ts'
import { describe, test } from '../support/kernel-test.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsbpf-demo-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Runs the built demo with a command line of the test's own: its processes are files that node runs as they are. */
async function demoWith(commandLine: string): Promise<unknown> {
  const script = join(directory, 'main.mjs')
  writeFileSync(script, commandLine)
  const built = new URL('../../../dist/programs/load-balancer/demo/demo.js', import.meta.url)
  const { runDemo } = (await import(built.href)) as typeof Demo
  const { signal } = new AbortController()
  return await runDemo({ requests: 50, script, signal, report: () => {} })
}

function ownNamespaces(): string[] {
  return listNamespaces().filter((name) => demoProcessOf(name) === process.pid)
}

describe('a demo whose command fails', () => {
  test('passes its words and its exit code on, and removes everything', async () => {
    const failing = demoWith(`console.error('error: no such kfunc'); process.exitCode = 5`)
    await expect(failing).rejects.toMatchObject({
      code: 'DEMO_COMMAND',
      exitCode: 5,
      message: expect.stringContaining('tsbpf-lb up eth0 --service 80'),
      details: 'error: no such kfunc',
    })
    expect(ownNamespaces()).toEqual([])
  })

  test('says so when the answer cannot be read, and removes everything', async () => {
    await expect(demoWith(`console.log('Fine, thank you.')`)).rejects.toMatchObject({
      code: 'DEMO_PROCESS',
      message: expect.stringContaining('did not print JSON'),
    })
    expect(ownNamespaces()).toEqual([])
  })
})
