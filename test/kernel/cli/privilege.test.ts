import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import type { FeatureDescription } from '../../../src/cli/render/features.ts'
import { commandPath, type Outcome, service, start } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { installed } from '../support/namespaces.ts'
import { snapshot } from '../support/snapshot.ts'

let lab: Lab
useLab({ backends: 1 }, (made) => {
  lab = made
})

beforeAll(async () => {
  await lab.backends[0]?.peer.listenEcho({ port: 7000 })
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
})

afterAll(async () => {
  await lab.lb.run('down')
})

const nobody = 65_534

/** Whether every user may go to a file; a checkout in somebody's home is often theirs alone. */
function everyoneMayReach(path: string): boolean {
  const parent = dirname(path)
  return (statSync(path).mode & 0o005) === 0o005 && (parent === path || everyoneMayReach(parent))
}

/** Runs the command as a user without privileges, or as root without capabilities where they may not read it. */
async function unprivileged(...args: string[]): Promise<Outcome> {
  const command = [process.execPath, commandPath, ...args]
  if (everyoneMayReach(dirname(commandPath)))
    return await start(lab.balancer.namespace, process.execPath, command.slice(1), {
      ...{ uid: nobody, gid: nobody, cwd: '/' },
    }).outcome
  return await without('-all', ...args)
}

/** Runs the command without some capabilities, as setpriv(1) writes them. */
async function without(capabilities: string, ...args: string[]): Promise<Outcome> {
  const command = [process.execPath, commandPath, ...args]
  const dropped = ['--bounding-set', capabilities, '--inh-caps', '-all']
  return await start(lab.balancer.namespace, 'setpriv', [...dropped, ...command]).outcome
}

test.each([
  'up eth0 --service 80 --backend 10.2.1.2:7000',
  'down eth0',
  'status --json',
  'flows',
  'service list',
  'service add 81 --backend 10.2.1.2:7000',
  'backend drain 80 10.2.1.2:7000',
  'inspect --live',
])('%s without privileges names what is missing and prints a sudo line', async (line) => {
  const before = snapshot(lab)
  const outcome = await unprivileged(...line.split(' '))
  expect(outcome).toMatchObject({ code: 77, stdout: '' })
  expect(outcome.stderr).toMatch(/^error: .*CAP_BPF.*CAP_NET_ADMIN/)
  expect(outcome.stderr).toContain(`Run it as root:\n  sudo ${process.execPath} ${commandPath} ${line}\n`)
  expect(snapshot(lab)).toEqual(before)
})

test.for(['-net_admin', '-sys_admin,-bpf'])(
  'root in a container that drops %s is told which',
  async (dropped, { skip }) => {
    if (!installed('setpriv')) skip('setpriv is not installed')
    const outcome = await without(dropped, 'up', 'eth0')
    expect(outcome).toMatchObject({ code: 77, stdout: '' })
    for (const name of dropped.split(','))
      expect(outcome.stderr.split('\n')[0]).toContain(`CAP_${name.slice(1).toUpperCase()}`)
  },
)

test('inspect needs no privileges', async () => {
  const outcome = await unprivileged('inspect')
  expect(outcome).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('call bpf_skb_ct_lookup'),
  })
})

test('features tells anybody what can be found out without privileges', async () => {
  const { code, stdout, stderr } = await unprivileged('features', '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const all = JSON.parse(stdout) as FeatureDescription[]
  const unknown = all.filter(({ supported }) => supported === null)
  const needRoot = [
    'kfunc-calls',
    'tcx',
    'clsact',
    'nat-info-writes',
    'mark-writes',
    'bpf-loop',
    'xdp',
    'fentry',
  ]
  expect(unknown.map(({ feature }) => feature)).toEqual(expect.arrayContaining(needRoot))
  for (const one of unknown) expect(one.unknown).toBe('needs root')
  expect(all.find(({ feature }) => feature === 'btf')?.supported).toBe(true)
})
