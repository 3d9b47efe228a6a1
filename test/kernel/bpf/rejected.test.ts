import { writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { VerifierError } from '../../../src/loader/verifier/error.ts'
import { it } from '../support/kernel-test.ts'
import { failOnLeakedFds } from './fixture.ts'
import { counters, rejectedPrograms, source } from './rejected-programs.ts'

failOnLeakedFds()

/**
 * Where the unit tests' logs lie. To take them anew from the running kernel (6.18; `linux-7.3` instead of the dot for
 * those of 7.3): `TSBPF_UPDATE_LOGS=. npx vitest run --project kernel test/kernel/bpf/rejected.test.ts`
 */
const logs = new URL('../../unit/loader/verifier/logs/', import.meta.url)
const update = process.env.TSBPF_UPDATE_LOGS

it.each(Object.entries(rejectedPrograms))('%s is explained by the line at fault', (name, rejected) => {
  using map = BpfMap.create(counters)
  const error = rejection(() =>
    loadProgram(rejected.spec, { maps: new Map([['counters', map]]), sourceText: source }),
  )
  if (update) writeFileSync(new URL(`${update}/${name}.golden`, logs), tail(error.log))
  expect(error.reason[0]).toMatch(rejected.reason)
  expect(error.message).toContain(error.reason[0])
  expect(error.hint).toMatch(rejected.hint)
  if (rejected.line === 0) expect(error.position).toBeUndefined()
  else {
    expect(error.position?.line).toBe(rejected.line)
    expect(error.details).toContain(`> ${rejected.line} |   statement(${rejected.line}) // of rejected.ts`)
  }
})

it('shows where a leaked reference was acquired', () => {
  using map = BpfMap.create(counters)
  const { spec } = rejectedPrograms['unreleased-on-one-path'] ?? expect.fail('no such program')
  const error = rejection(() => loadProgram(spec, { maps: new Map([['counters', map]]), sourceText: source }))
  expect(error.details).toMatch(
    /rejected\.ts:4:3[\s\S]*rejected\.ts:1:3[\s\S]*\^ the reference was acquired here/,
  )
})

function rejection(load: () => Disposable): VerifierError {
  try {
    load()[Symbol.dispose]()
  } catch (error) {
    if (error instanceof VerifierError) return error
    throw error
  }
  return expect.fail('the program was loaded')
}

/** The end of a log, cut between lines: what a buffer too small for the whole would hold. */
function tail(log: string): string {
  const lines = log.split('\n')
  return lines.slice(-200).join('\n')
}
