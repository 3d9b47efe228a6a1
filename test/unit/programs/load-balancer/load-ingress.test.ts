import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import type { KernelTypes } from '../../../../src/loader/kernel/vmlinux-btf.ts'
import { VerifierError } from '../../../../src/loader/verifier/error.ts'
import { loadIngress } from '../../../../src/programs/load-balancer/control/load-ingress.ts'
import {
  describeTranslation,
  translationName,
  translations,
} from '../../../../src/programs/load-balancer/control/translation.ts'
import { conntrackTypes } from '../../loader/kernel/conntrack-types.ts'

const agreeing = conntrackTypes({ own: false })
const differing = conntrackTypes({ own: true })
const bare: KernelTypes = { ...agreeing, moduleNames: () => [] }

const usesNatFunction = (spec: ProgramSpec): boolean =>
  spec.kfuncs.some(({ name }) => name === 'bpf_ct_set_nat_info')
const accept = (spec: ProgramSpec): string => (usesNatFunction(spec) ? 'kfunc' : 'mark')

/** The verifier as it is with a log of its: it rejects programs that use the function. */
function refuse(log: string) {
  return (spec: ProgramSpec): string => {
    if (!usesNatFunction(spec)) return 'mark'
    const { name, instructions } = spec
    throw new VerifierError({ name, instructions, line: () => undefined, directory: '/' }, log, 13)
  }
}

/** A log of Debian's 7.3.4. */
const golden = (name: string): string =>
  readFileSync(new URL(`../../loader/verifier/logs/linux-7.3/${name}.golden`, import.meta.url), 'utf8')

const refusal = golden('nat-refused')

describe('left to the kernel', () => {
  test('types that agree: the program translates', () => {
    expect(loadIngress('auto', {}, agreeing, accept)).toMatchObject({
      program: 'kfunc',
      translation: 'accepted',
    })
  })

  test('types that differ: netfilter does, and the verifier is not even asked', () => {
    const asked: boolean[] = []
    const load = (spec: ProgramSpec): string => {
      asked.push(usesNatFunction(spec))
      return accept(spec)
    }
    expect(loadIngress('auto', {}, differing, load)).toMatchObject({
      program: 'mark',
      translation: 'typesDiffer',
    })
    expect(asked).toEqual([false])
  })

  test('no such function: netfilter does', () => {
    expect(loadIngress('auto', {}, bare, accept)).toMatchObject({ program: 'mark', translation: 'missing' })
  })

  test.each([
    ['the function', refusal],
    ['writing the mark', golden('mark-refused')],
  ])('types that agree, and a verifier that refuses %s all the same: netfilter does', (_, log) => {
    expect(loadIngress('auto', {}, agreeing, refuse(log))).toMatchObject({
      program: 'mark',
      translation: 'refused',
    })
  })

  test('a rejection for any other reason is reported', () => {
    expect(() => loadIngress('auto', {}, agreeing, refuse('0: (95) exit\nR0 !read_ok\n'))).toThrow(
      /R0 !read_ok/,
    )
    const broken = (): never => {
      throw new Error('out of memory')
    }
    expect(() => loadIngress('auto', {}, agreeing, broken)).toThrow('out of memory')
  })
})

test('what is asked for is what is loaded, whatever the types look like', () => {
  expect(loadIngress('mark', {}, agreeing, accept)).toMatchObject({
    program: 'mark',
    translation: 'markAsked',
  })
  expect(loadIngress('kfunc', {}, differing, accept)).toMatchObject({
    program: 'kfunc',
    translation: 'kfuncAsked',
  })
  expect(() => loadIngress('kfunc', {}, agreeing, refuse(refusal))).toThrow(VerifierError)
})

test('the link header’s length reaches the program', () => {
  const { spec } = loadIngress('mark', { linkHeader: 0 }, agreeing, accept)
  expect(spec.instructions).not.toEqual(loadIngress('mark', {}, agreeing, accept).spec.instructions)
})

test('a record’s number stands for a way and a reason; records of old mean the program itself', () => {
  const numbers = Object.values(translations).map(({ number }) => number)
  expect(new Set(numbers).size).toBe(numbers.length)
  for (const number of numbers) expect(translations[translationName(number)].number).toBe(number)
  expect(describeTranslation(translationName(0)).way).toBe('kfunc')
  expect(translationName(200)).toBe('accepted')
})
