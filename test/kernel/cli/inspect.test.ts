import { afterAll, beforeAll, expect } from 'vitest'
import type { ListedInstruction } from '../../../src/asm/text/listing.ts'
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
    /^; lb_ingress on eth0 \((tcx|clsact)\); translation: by (the program|netfilter) \((kfunc|mark)\): \S.*\n +0: r\d+ = /,
  )
  expect(listing).toMatch(/^ +\d+: exit$/m)
  const compiled = JSON.parse(await lab.lb.run('inspect', '--format', 'json')) as ListedInstruction[]
  const live = JSON.parse(await lab.lb.run('inspect', '--live', '--format', 'json')) as ListedInstruction[]
  expect(live.length).toBeGreaterThan(compiled.length / 2)
  expect(live.map(({ text }) => text)).not.toEqual(compiled.map(({ text }) => text))
})

test('a program that is not attached is not found', async () => {
  const elsewhere = await lab.lb.try('inspect', '--live', '--interface', 'be1')
  expect(elsewhere).toMatchObject({ code: 3, stdout: '' })
  expect(elsewhere.stderr).toMatch(/^error: no program "lb_ingress" is attached to be1\nhint: .*status/)
})
