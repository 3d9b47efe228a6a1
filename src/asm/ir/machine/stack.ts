import { TsbpfError } from '../../diagnostics/error.ts'
import { formatPosition, type SourcePosition } from '../../diagnostics/source-position.ts'
import type { FrameObject } from '../graph.ts'
import type { MachineFunction, MachineInstruction } from './code.ts'
import { opcode } from './instructions.ts'
import { usedFrameObjects } from './layout.ts'

/** The stack in bytes that functions which call one another share (MAX_BPF_STACK, include/linux/filter.h). */
export const stackLimit = 512
/** Functions that can be active at once (MAX_CALL_FRAMES, include/linux/bpf_verifier.h). */
const maxFrames = 8
/** What callers of a function with a tail call may use (check_max_stack_depth, kernel/bpf/verifier.c). */
const tailCallLimit = 256
/** BPF_FUNC_tail_call (include/uapi/linux/bpf.h). */
const tailCallHelper = 12

/** A function on the way from the entry to the deepest one. */
interface Frame {
  readonly code: MachineFunction
  /** Where the one before calls it. */
  readonly source: SourcePosition | undefined
}

/**
 * Checks what the kernel checks of functions that call one another: the stack they need together, and how many of
 * them are active at once. Each frame counts in steps of 32 bytes.
 *
 * @param codes functions with their frames laid out, the entry first
 * @throws {StackOverflowError} with a table of who uses the stack
 * @throws {CallDepthError} when more than eight functions are active at once, or one calls itself
 */
export function checkStack(codes: readonly MachineFunction[]): void {
  const byName = new Map(codes.map((code) => [code.name, code]))
  const walk = (chain: readonly Frame[], above: number): void => {
    const frame = chain[chain.length - 1]
    if (frame === undefined) return
    const { code } = frame
    if (chain.length > maxFrames) throw new CallDepthError(chain, `are more than ${maxFrames} functions`)
    const depth = above + roundUp(code.stackSize ?? 0)
    if (depth > stackLimit) throw new StackOverflowError(chain, depth, stackLimit)
    for (const instruction of instructionsOf(code)) {
      if (above >= tailCallLimit && isTailCall(instruction))
        throw new StackOverflowError(chain.slice(0, -1), above, tailCallLimit - 1, code.name)
      const next = instruction.function === undefined ? undefined : byName.get(instruction.function)
      if (next === undefined) continue
      const further = [...chain, { code: next, source: instruction.source }]
      if (chain.some((other) => other.code === next))
        throw new CallDepthError(further, 'go round in a circle')
      walk(further, depth)
    }
  }
  const [entry] = codes
  if (entry !== undefined) walk([{ code: entry, source: undefined }], 0)
}

/** As the kernel counts a frame (round_up_stack_depth, kernel/bpf/verifier.c; 16 with a JIT since Linux 6.8). */
function roundUp(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / 32) * 32
}

function instructionsOf(code: MachineFunction): MachineInstruction[] {
  return code.blocks.flatMap((block) => block.instructions)
}

function isTailCall({ opcode: code, src, imm }: MachineInstruction): boolean {
  return code === opcode.call && src === 0 && imm === tailCallHelper
}

function namesOf(chain: readonly Frame[]): string {
  return chain.map(({ code }) => code.name).join(' → ')
}

/** Functions that call one another need more stack than BPF has. */
export class StackOverflowError extends TsbpfError {
  /** Where the largest object was declared. */
  readonly position: SourcePosition | undefined

  /** @param jumping the function with a tail call that `chain` is above */
  constructor(chain: readonly Frame[], size: number, limit: number, jumping?: string) {
    const objects = chain.flatMap(({ code }) => usedFrameObjects(code))
    const largest = objects.toSorted((a, b) => b.size - a.size).find(({ source }) => source !== undefined)
    const need = chain.length === 1 ? 'needs' : 'together need'
    const tail = jumping === undefined ? '' : ` above the tail call in ${jumping}`
    const needed = chain.length === 1 ? (chain[0]?.code.stackSize ?? size) : size
    super(
      'STACK_OVERFLOW',
      `${namesOf(chain)} ${need} ${needed} bytes of stack, BPF allows ${limit}${tail}${at(largest?.source)}`,
      {
        details: ['bytes  object', ...chain.flatMap((frame) => rowsOf(frame, chain.length > 1))].join('\n'),
        hint: 'Keep large objects in a per-CPU array map.',
      },
    )
    this.position = largest?.source
  }
}

/** Functions call one another too deep. */
export class CallDepthError extends TsbpfError {
  constructor(chain: readonly Frame[], problem: string) {
    const position = chain[chain.length - 1]?.source
    super('CALL_DEPTH', `${namesOf(chain)} ${problem}${position === undefined ? '' : at(position)}`, {
      details: chain
        .slice(1)
        .map(({ code, source }) => `${code.name} is called${at(source) || ' somewhere'}`)
        .join('\n'),
      hint: `BPF has no recursion and allows ${maxFrames} functions to be active at once: write inner ones as plain TypeScript functions, which become part of their caller.`,
    })
  }
}

function at(position: SourcePosition | undefined): string {
  return position === undefined ? '' : ` (${formatPosition(position)})`
}

/** One line for each object of a function; registers that were moved to the stack share one. */
function rowsOf({ code, source }: Frame, named: boolean): string[] {
  const objects = usedFrameObjects(code)
  const spills = objects.filter((object) => object.spill === true)
  const rows = objects
    .filter((object) => object.spill !== true)
    .toSorted((a, b) => b.size - a.size || a.id - b.id)
    .map((object) => row(object.size, `${object.name}${at(object.source)}`))
  if (spills.length > 0)
    rows.push(row(sizeOf(spills), `${spills.length} value${spills.length === 1 ? '' : 's'} out of registers`))
  return named
    ? [row(roundUp(code.stackSize ?? 0), `${code.name}${at(source)}, rounded up:`), ...indent(rows)]
    : rows
}

function row(size: number, text: string): string {
  return `${String(size).padStart(5)}  ${text}`
}

function indent(rows: readonly string[]): string[] {
  return rows.map((line) => `       ${line}`)
}

function sizeOf(objects: readonly FrameObject[]): number {
  return objects.reduce((sum, { size }) => sum + size, 0)
}
