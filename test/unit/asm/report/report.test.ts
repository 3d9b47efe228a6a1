import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { objectProgramSpec, readObject } from '../../../../src/asm/elf/read/object.ts'
import { reportOn } from '../../../../src/asm/report/program-report.ts'
import { reportText } from '../../../../src/asm/report/text.ts'

const fixture = new URL('../elf/fixtures/counter.o', import.meta.url)
const object = readObject(new Uint8Array(readFileSync(fixture)))
const [counter] = object.programs

function report(hits?: readonly number[]) {
  if (counter === undefined) throw new Error('the object has a program')
  const kfuncs = objectProgramSpec(object, counter)?.kfuncs ?? []
  const program = { ...counter, maps: object.maps, kfuncs, origin: 'counter.o', line: object.line }
  return reportOn(program, hits === undefined ? {} : { hits: { run: 'a test', counts: hits } })
}

/** Written anew with TSBPF_UPDATE_GOLDEN=1. */
test('the report on an object of clang’s is as in test/golden/counter.full', () => {
  const golden = new URL('../../../golden/counter.full', import.meta.url)
  const text = reportText(report())
  if (process.env.TSBPF_UPDATE_GOLDEN === '1') writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})

test('the example in docs/inspect.md is an excerpt of it', () => {
  const docs = readFileSync(new URL('../../../../docs/inspect.md', import.meta.url), 'utf8')
  const excerpt = /^```\n(function counter[\s\S]*?)^```/m.exec(docs)?.[1]
  expect(reportText(report())).toContain(excerpt)
})

test('executions stand beside the instructions', () => {
  const text = reportText(report([3, 2]))
  expect(text).toContain('executions (left of the slots): a test\n')
  expect(text).toMatch(/^ 3 {3}0: w0 = 1 /m)
  expect(text).toMatch(/^ 2 {3}1: r2 = /m)
  expect(text).toMatch(/^ {5}2: r1 = /m)
})

test('the report survives JSON', () => {
  const whole = report([1])
  expect(JSON.parse(JSON.stringify(whole))).toEqual(whole)
  expect(whole.sources[0]?.lines.find(({ number }) => number === 44)?.text).toContain('if (data + 14 > end)')
})
