import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { helperName, helperNumber } from '../../../../src/asm/text/helper-names.ts'

describe('helper names', () => {
  it('are those of the numbers', () => {
    expect(helperName(1)).toBe('bpf_map_lookup_elem')
    expect(helperName(23)).toBe('bpf_redirect')
    expect(helperName(69)).toBe('bpf_fib_lookup')
    expect(helperName(131)).toBe('bpf_ringbuf_reserve')
    expect(helperName(211)).toBe('bpf_cgrp_storage_delete')
    for (const none of [0, -1, 212, 1.5]) expect(helperName(none)).toBeUndefined()
  })

  it('and numbers are inverse', () => {
    for (let number = 1; number <= 211; number++) {
      const name = helperName(number) ?? ''
      expect(helperNumber(name)).toBe(number)
      expect(helperNumber(name.slice(4))).toBe(number)
    }
    expect(helperNumber('unspec' as string)).toBeUndefined()
    expect(helperNumber('bpf_no_such_helper' as string)).toBeUndefined()
  })

  const header = '/usr/include/linux/bpf.h'
  it.skipIf(!existsSync(header))('agree with the kernel header (skipped where it is not installed)', () => {
    const text = readFileSync(header, 'utf8')
    const mapper = text.slice(text.search(/#define _+BPF_FUNC_MAPPER\(/))
    const body = mapper.slice(0, mapper.search(/[^\\]\n/))
    const names = [...body.matchAll(/\bFN\((\w+)(?:, *(\d+))?/g)]
    expect(names.length).toBeGreaterThan(100)
    names.forEach(([, name, number], index) => {
      const expected = number === undefined ? index : Number(number)
      if (name !== 'unspec') expect(helperName(expected)).toBe(`bpf_${name}`)
    })
  })
})
