import { describe, expect, test } from 'vitest'
import type { MachineBlock, MachineFunction } from '../../../../../src/asm/ir/machine/code.ts'
import { aluOpcode, jumpOpcode, opcode } from '../../../../../src/asm/ir/machine/instructions.ts'
import { orderBlocks } from '../../../../../src/asm/ir/machine/layout.ts'
import { mergeTails } from '../../../../../src/asm/ir/machine/merge-tails.ts'
import { printMachineCode } from '../../../../../src/asm/ir/machine/print.ts'

const none = { dst: 0, src: 0, offset: 0, imm: 0 }

/** Blocks b0, b1, …, written by `fill`, which puts instructions into them. */
function code(count: number, fill: (...blocks: Writer[]) => void): MachineFunction {
  const blocks: MachineBlock[] = Array.from({ length: count }, (_, id) => ({
    id,
    instructions: [],
    successors: [],
    loopDepth: 0,
  }))
  fill(...blocks.map((block) => new Writer(block)))
  return { name: 'f', blocks, frameObjects: [], nextVirtual: 16 }
}

class Writer {
  readonly block: MachineBlock
  constructor(block: MachineBlock) {
    this.block = block
  }
  set(dst: number, imm: number): this {
    this.block.instructions.push({ ...none, opcode: opcode.moveImmediate32, dst, imm })
    return this
  }
  add(dst: number, imm: number): this {
    this.block.instructions.push({ ...none, opcode: aluOpcode('add', 32, false), dst, imm })
    return this
  }
  if(dst: number, imm: number, then: Writer, otherwise: Writer): void {
    const compare = jumpOpcode('eq', 32, false)
    this.block.instructions.push({ ...none, opcode: compare, dst, imm, target: then.block })
    this.block.instructions.push({ ...none, opcode: opcode.jump, target: otherwise.block })
    this.block.successors = [then.block, otherwise.block]
  }
  call(name: string): this {
    this.block.instructions.push({ ...none, opcode: opcode.call, src: 1, function: name, argumentCount: 0 })
    return this
  }
  jump(to: Writer): void {
    this.block.instructions.push({ ...none, opcode: opcode.jump, target: to.block })
    this.block.successors = [to.block]
  }
  exit(): void {
    this.block.instructions.push({ ...none, opcode: opcode.exit })
  }
}

function merged(function_: MachineFunction): string[] {
  mergeTails(function_)
  return printMachineCode(function_).trimEnd().split('\n').slice(1)
}

test('calls of different functions are different', () => {
  const calling = code(3, (a, b, c) => {
    a.if(1, 7, b, c)
    b.call('first').set(2, 5).set(0, 0).exit()
    c.call('second').set(2, 5).set(0, 0).exit()
  })
  mergeTails(calling)
  orderBlocks(calling)
  const called = calling.blocks.flatMap((block) => block.instructions).flatMap((it) => it.function ?? [])
  expect(called.sort()).toEqual(['first', 'second'])
})

test('blocks that are equal but for the function that they call stay two', () => {
  const calling = code(4, (a, b, c, d) => {
    a.if(1, 7, b, c)
    b.call('first').jump(d)
    c.call('second').jump(d)
    d.exit()
  })
  orderBlocks(calling)
  const called = calling.blocks.flatMap((block) => block.instructions).flatMap((it) => it.function ?? [])
  expect(called.sort()).toEqual(['first', 'second'])
})

describe('blocks that end alike', () => {
  test('a whole block serves as the end of the others', () => {
    const lines = merged(
      code(3, (a, b, c) => {
        a.if(1, 7, b, c)
        b.set(2, 5).set(0, 0).exit()
        c.set(0, 0).exit()
      }),
    )
    expect(lines).toEqual([
      'b0:',
      '  if w1 == 7 goto b1',
      '  goto b2',
      'b1:',
      '  w2 = 5',
      '  goto b2',
      'b2:',
      '  w0 = 0',
      '  exit',
    ])
  })

  test("an end that is nobody's whole block gets one of its own, behind the last", () => {
    const lines = merged(
      code(3, (a, b, c) => {
        a.if(1, 7, b, c)
        b.set(2, 5).set(3, 1).set(0, 0).exit()
        c.set(2, 6).set(3, 1).set(0, 0).exit()
      }),
    )
    expect(lines.slice(3)).toEqual([
      'b1:',
      '  w2 = 5',
      '  goto b3',
      'b2:',
      '  w2 = 6',
      '  goto b3',
      'b3:',
      '  w3 = 1',
      '  w0 = 0',
      '  exit',
    ])
  })

  test('merging goes on where it has made blocks alike', () => {
    // b1 and b2 differ only in which of two equal blocks they go on with.
    const lines = merged(
      code(7, (a, b, c, d, e, f, g) => {
        a.if(1, 7, b, c)
        b.set(2, 5).set(4, 5).set(5, 5).if(3, 1, d, f)
        c.set(2, 5).set(4, 5).set(5, 5).if(3, 1, e, g)
        d.set(0, 1).exit()
        e.set(0, 1).exit()
        f.set(0, 2).exit()
        g.set(0, 2).exit()
      }),
    )
    expect(lines.filter((line) => line === '  w2 = 5')).toHaveLength(1)
    expect(lines.filter((line) => line === '  exit')).toHaveLength(2)
  })

  test('two instructions before a jump stay where they are: the jump would cost what it saves', () => {
    const function_ = (): MachineFunction =>
      code(4, (a, b, c, d) => {
        a.if(1, 7, b, c)
        b.set(2, 5).add(2, 1).jump(d)
        c.add(3, 1).set(2, 5).add(2, 1).jump(d)
        d.exit()
      })
    expect(merged(function_())).toEqual(printMachineCode(function_()).trimEnd().split('\n').slice(1))
  })

  test('equal instructions with jumps to different places are different', () => {
    const lines = merged(
      code(5, (a, b, c, d, e) => {
        a.if(1, 7, b, c)
        b.set(2, 5).set(3, 5).set(4, 5).jump(d)
        c.set(2, 5).set(3, 5).set(4, 5).jump(e)
        d.set(0, 1).exit()
        e.set(0, 2).exit()
      }),
    )
    expect(lines.filter((line) => line === '  w3 = 5')).toHaveLength(2)
  })
})

test('a shared exit comes behind the last block that always goes there', () => {
  const function_ = code(4, (a, b, c, d) => {
    a.if(1, 7, d, b)
    b.if(2, 7, d, c)
    c.set(3, 1).jump(d)
    d.set(0, 0).exit()
  })
  orderBlocks(function_)
  expect(printMachineCode(function_).trimEnd().split('\n').slice(1)).toEqual([
    'b0:',
    '  if w1 == 7 goto b3',
    'b1:',
    '  if w2 == 7 goto b3',
    'b2:',
    '  w3 = 1',
    'b3:',
    '  w0 = 0',
    '  exit',
  ])
})
