import { expect, it } from 'vitest'
import { progQuery } from '../../../../src/loader/bpf/link-commands.ts'
import { objectIds } from '../../../../src/loader/bpf/object-commands.ts'
import { progLoad, progTestRun } from '../../../../src/loader/bpf/program-commands.ts'
import { attributeCases, type Field } from './attribute-cases.ts'
import { FakeKernel, pointee } from './fake-kernel.ts'

it.each(attributeCases)('$name', ({ name, issue, fields }) => {
  const kernel = new FakeKernel()
  issue(kernel)
  expect(kernel.commands).toEqual([name.split(' ')[0]])
  const [request] = kernel.requests
  if (request === undefined) return expect.fail('nothing was asked')
  const expected = new Uint8Array(request.attr.byteLength)
  const pointers: [number, Uint8Array][] = []
  for (const field of Object.values(fields)) {
    if (field[2] instanceof Uint8Array) pointers.push([field[0], field[2]])
    else write(expected, field)
  }
  expect(request.attr).toEqual(expected)
  const made = request.pointers.map(({ offset, buffer }) => [offset, buffer])
  expect(made.sort(byOffset)).toEqual(pointers.sort(byOffset))
  return undefined
})

it('reads answers from where the kernel writes them', () => {
  const kernel = new FakeKernel({
    BPF_PROG_LOAD: (request) => {
      request.u32(140, 4711)
      return -28
    },
    BPF_PROG_TEST_RUN: (request) => {
      request.u32(4, 0xffffffff).u32(12, 60).u32(36, 123).u32(44, 192)
      return 0
    },
    BPF_PROG_QUERY: (request) => {
      request.u32(24, 2).u64(56, 9n)
      pointee(request, 16).set([1, 0, 0, 0, 2, 0, 0, 0])
      pointee(request, 40).set([0, 0, 0, 0, 8, 0, 0, 0])
      return 0
    },
  })
  const program = { type: 3, name: 'p', instructions: new Uint8Array(8), license: 'GPL' }
  expect(progLoad(kernel, program)).toEqual({ result: -28, logTrueSize: 4711 })
  const run = { fd: 1, dataIn: new Uint8Array(20), dataOut: new Uint8Array(80) }
  expect(progTestRun(kernel, run, 'p')).toEqual({
    retval: 0xffffffff,
    dataSize: 60,
    duration: 123,
    ctxSize: 192,
  })
  expect(progQuery(kernel, 1, 46)).toEqual({ errno: 0, programIds: [1, 2], linkIds: [0, 8], revision: 9n })
})

it('lists ids by asking for the next one until there is none', () => {
  const kernel = new FakeKernel({
    BPF_BTF_GET_NEXT_ID: (request) => {
      const after = request.readU32(0)
      if (after >= 30) return -2
      request.u32(4, after + 10)
      return 0
    },
  })
  expect([...objectIds(kernel, 'btf')]).toEqual([10, 20, 30])
})

function write(bytes: Uint8Array, [offset, size, value]: Field): void {
  const view = new DataView(bytes.buffer)
  if (typeof value === 'bigint') view.setBigUint64(offset, value, true)
  else if (typeof value === 'number') view.setUint32(offset, value, true)
  else if (typeof value === 'string') bytes.set(new TextEncoder().encode(value), offset)
  else expect.fail(`a field of ${size} bytes cannot hold a buffer`)
}

function byOffset(a: (number | Uint8Array)[], b: (number | Uint8Array)[]): number {
  return Number(a[0]) - Number(b[0])
}
