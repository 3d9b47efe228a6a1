import { afterAll, beforeAll, expect } from 'vitest'
import type { ProgramReport } from '../../../src/asm/report/program-report.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'

let lab: Lab
useLab({ backends: 1 }, (made) => {
  lab = made
})

beforeAll(async () => {
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
})

afterAll(async () => {
  await lab.lb.run('down')
})

test('inspect --live shows the instructions that the kernel has loaded', async () => {
  const listing = await lab.lb.run('inspect', '--live')
  // The verifier adds instructions and replaces those about the packet: loads from `__sk_buff` get other offsets.
  expect(listing.trim().split('\n').length).toBeGreaterThan(200)
  expect(listing).toMatch(
    /^; lb_ingress on eth0 \((tcx|clsact)\); translation: by (the program|netfilter) \((kfunc|mark)\): \S/,
  )
  // The kernel knows the lines that the program was loaded with.
  expect(listing).toMatch(/^; parse\.ts:\d+ {2}\S/m)
  expect(listing).toMatch(/^ +\d+: exit$/m)
  const compiled = (JSON.parse(await lab.lb.run('inspect', '--json')) as ProgramReport).instructions
  const report = JSON.parse(await lab.lb.run('inspect', '--live', '--json')) as ProgramReport
  const live = report.instructions
  expect(live.length).toBeGreaterThan(compiled.length / 2)
  expect(live.map(({ text }) => text)).not.toEqual(compiled.map(({ text }) => text))
})

test('the program that is attached: by name, with machine code, compared with the one of today', async () => {
  const report = JSON.parse(await lab.lb.run('inspect', 'name:lb_ingress', '--json')) as ProgramReport
  expect(report).toMatchObject({ name: 'lb_ingress', type: 'sched_cls' })
  expect(report.maps.map(({ name }) => name)).toContain('lb_backends')
  expect(report.machineCode?.pieces.length).toBeGreaterThan(20)
  const held = new Set(report.instructions.flatMap(({ live }) => Object.values(live)))
  expect([...held]).toEqual(expect.arrayContaining(['ctx', 'packet end', 'nf_conn * or null']))
  const diff = await lab.lb.run('inspect', '--diff', 'lb_ingress', 'name:lb_ingress')
  expect(diff).toMatch(
    /^--- lb_ingress: comes with tsbpf-lb\n\+\+\+ lb_ingress: loaded, id \d+, tag [0-9a-f]{16}\n/,
  )
})

test('a program that is not attached is not found', async () => {
  const elsewhere = await lab.lb.try('inspect', '--live', '--interface', 'be1')
  expect(elsewhere).toMatchObject({ code: 3, stdout: '' })
  expect(elsewhere.stderr).toMatch(/^error: no program "lb_ingress" is attached to be1\nhint: .*status/)
})
