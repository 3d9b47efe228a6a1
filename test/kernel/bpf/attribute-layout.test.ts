import { expect } from 'vitest'
import { memberPath } from '../../../src/asm/btf/layout.ts'
import { runningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { attributeCases } from '../../unit/loader/bpf/attribute-cases.ts'
import { infoLayouts } from '../../unit/loader/bpf/info-layouts.ts'
import { it } from '../support/kernel-test.ts'

const { vmlinux } = runningKernelTypes()

/** The unit tests hold the codecs to these offsets; this holds the offsets to the running kernel. */
it.each(attributeCases)('$name is laid out as in this kernel', ({ fields }) => {
  for (const [path, [offset, size]] of Object.entries(fields))
    expect({ path, ...memberPath(vmlinux, 'bpf_attr', path) }).toMatchObject({ path, offset, size })
})

it.each(infoLayouts)('struct %s is laid out as in this kernel', (struct, members) => {
  for (const [path, offset] of Object.entries(members))
    expect({ path, offset: memberPath(vmlinux, struct, path).offset }).toEqual({ path, offset })
})
