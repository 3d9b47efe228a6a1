import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { formatPosition, type SourcePosition } from '../../asm/diagnostics/source-position.ts'
import { slotCount } from '../../asm/isa/encode.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { excerpt, type LineReader } from './excerpt.ts'
import { expressionAt } from './expression.ts'
import { hintFor } from './hints.ts'
import { parseVerifierLog, type VerifierLog } from './log.ts'
import { type Story, tellStory } from './story.ts'

/** What a rejection is explained with. */
export interface RejectedProgram {
  readonly name: string
  /** As loaded, with the positions of their statements in files that {@link line} can read. */
  readonly instructions: readonly Instruction[]
  readonly line: LineReader
  /** What file names are shown relative to. */
  readonly directory: string
}

/**
 * The verifier's refusal of a program. The message is the verifier's reason; `details` shows the TypeScript at
 * fault; `log` is the whole log for whoever wants it.
 */
export class VerifierError extends TsbpfError {
  /** The verifier's reason, line by line. */
  readonly reason: readonly string[]
  /** The verifier's log as it came. */
  readonly log: string
  /** The statement at fault, if it is known. */
  readonly position: SourcePosition | undefined
  /** Index into the program's instructions, if the reason concerns one. */
  readonly instruction: number | undefined
  readonly errno: number

  constructor(program: RejectedProgram, log: string, errno: number) {
    const parsed = parseVerifierLog(log)
    const reason = parsed.reason[0] ?? 'the verifier gives no reason'
    const indexOf = instructionFinder(program.instructions)
    const instruction = indexOf(parsed.slot)
    const position = positionAt(program.instructions, instruction)
    super('VERIFIER', `program "${program.name}" was rejected: ${reason}`, {
      hint: parsed.suggestion || hintFor(parsed.reason.join('\n')),
      details: explain(program, parsed, position, indexOf),
    })
    this.reason = parsed.reason
    this.log = log
    // Long, and told in details: not to be printed with every error.
    Object.defineProperty(this, 'log', { enumerable: false })
    this.errno = errno
    this.instruction = instruction
    this.position = position
  }
}

function explain(
  program: RejectedProgram,
  log: VerifierLog,
  position: SourcePosition | undefined,
  indexOf: InstructionFinder,
): string {
  const { instructions, line, directory } = program
  const story = storyOf(program, log, indexOf)
  const parts: string[] = []
  const remark = story?.sentence ?? log.reason[0] ?? ''
  if (position !== undefined) parts.push(excerpt(position, line, remark, directory))
  else if (log.remark !== undefined) parts.push(fromRemark(log))
  const acquired = positionAt(instructions, indexOf(log.acquiredAt))
  if (acquired !== undefined)
    parts.push(excerpt(acquired, line, 'the reference was acquired here', directory))
  if (story !== undefined && story.events.length > 0) parts.push(eventList(program, story))
  if (log.reason.length > 1) parts.push(log.reason.slice(1).join('\n'))
  if (log.explanation !== '' && !log.reason.includes(log.explanation)) parts.push(log.explanation)
  return parts.filter((part) => part !== '').join('\n')
}

function storyOf(
  { instructions, line }: RejectedProgram,
  log: VerifierLog,
  indexOf: InstructionFinder,
): Story | undefined {
  return tellStory({
    instructions,
    steps: log.path,
    reason: log.reason,
    indexOf,
    nameAt: (index) => {
      const position = positionAt(instructions, index)
      const text = position === undefined ? undefined : line(position.file, position.line)
      return position === undefined || text === undefined ? '' : expressionAt(text, position.column)
    },
    placeOf: (index) => {
      const position = positionAt(instructions, index)
      return position === undefined ? '' : formatPosition(position)
    },
  })
}

/** What led to the fault, a line each: `lb.ts:31  the pointer is made here: const ip = …`. */
function eventList({ instructions, line }: RejectedProgram, { events }: Story): string {
  const rows = events.flatMap(({ instruction, what }) => {
    const position = positionAt(instructions, instruction)
    if (position === undefined) return []
    const text = line(position.file, position.line)?.trim() ?? ''
    return [{ place: formatPosition(position), text: text === '' ? what : `${what}: ${text}` }]
  })
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(({ place }) => place.length))
  return ['On the way there:', ...rows.map(({ place, text }) => `  ${place.padEnd(width)}  ${text}`)].join(
    '\n',
  )
}

/** For programs whose instructions carry no positions, what the kernel knows from their line_info. */
function fromRemark({ remark, reason }: VerifierLog): string {
  const where = remark?.file === undefined ? '' : `${remark.file}:${remark.line}\n`
  return `${where}> ${remark?.text ?? ''}\n  ^ ${reason[0] ?? ''}`
}

/** Gives the index of the instruction that begins at a slot or covers it. */
type InstructionFinder = (slot: number | undefined) => number | undefined

function instructionFinder(instructions: readonly Instruction[]): InstructionFinder {
  const bySlot = instructions.flatMap((instruction, index) =>
    new Array<number>(slotCount(instruction)).fill(index),
  )
  return (slot) => (slot === undefined ? undefined : bySlot[slot])
}

/** An instruction without a position belongs to the statement before it. */
function positionAt(
  instructions: readonly Instruction[],
  index: number | undefined,
): SourcePosition | undefined {
  for (let at = index ?? -1; at >= 0; at--) {
    const source = instructions[at]?.source
    if (source !== undefined) return source
  }
  return undefined
}
