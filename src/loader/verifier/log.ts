import { readPath, type Step } from './path.ts'
import { splitReport } from './report.ts'

/** The line of source that the verifier had reached, as line_info names it. */
export interface SourceRemark {
  readonly text: string
  /** Absent on kernels before 6.10, whose remarks hold the text only. */
  readonly file?: string
  readonly line?: number
}

/** What the verifier's log says about a rejected program. Slots count 8-byte units of instructions, from 0. */
export interface VerifierLog {
  /** Why it was rejected; usually one line, sometimes two. Empty when the log gives no reason. */
  readonly reason: readonly string[]
  /** The same in sentences, as kernels from 7.3 on say it; empty elsewhere. */
  readonly explanation: string
  /** Where; undefined for reasons that concern no instruction. */
  readonly slot: number | undefined
  /** Where the reference that leaked was acquired. */
  readonly acquiredAt: number | undefined
  /** The source remark that applies to {@link slot}, if the log has it. */
  readonly remark: SourceRemark | undefined
  /** The registers as the last line about them shows, such as `R1=ctx() R10=fp0`; empty when there is none. */
  readonly registers: string
  /** What the kernel suggests (7.3+); empty elsewhere. */
  readonly suggestion: string
  /** The way to the fault. */
  readonly path: readonly Step[]
  /** Instructions gone through; undefined when the log does not say. */
  readonly processed: number | undefined
}

/**
 * Reads a log of level 1 or 2, of Linux 6.1 to 7.3. A log cut off at its start (rotated) is fine; one cut off at
 * its end gives no reason.
 */
export function parseVerifierLog(log: string): VerifierLog {
  const { plain, report } = splitReport(log.replace(/\0+$/, '').split('\n'))
  const walk = walkLines(plain)
  const reason = walk.reason.length > 0 ? walk.reason : [report?.title, report?.explanation].filter(isText)
  const text = reason.join('\n')
  return {
    reason,
    explanation: report?.explanation ?? '',
    slot: report?.slot ?? slotOf(text) ?? walk.slot,
    acquiredAt: firstNumber(text, /alloc_insn=(\d+)/),
    remark: walk.remark,
    registers: walk.registers,
    suggestion: report?.suggestion ?? '',
    path: readPath(plain),
    processed: walk.processed,
  }
}

/** `12: (61) r3 = *(u32 *)(r1 +76)   ; R1=ctx() R3_w=scalar()`. */
const instructionLine = /^(\d+): \([0-9a-f]{2}\) [^;]*(?:; (.*))?$/
/** `12: R1=ctx() R10=fp0`, `from 3 to 12: …`, `12: frame1: …`. */
const stateLine = /^(?:from \d+ to )?(\d+): ((?:safe$|frame\d+:|R\d+[=_]|R\d+$).*|)$/
/** `; const x = load(8) @ lb.ts:42`. */
const remarkLine = /^; (.*?)(?: @ ([^@\n]+):(\d+))?$/
const summaryLine = /^processed (\d+) insns? /
/** Lines that accompany the walk through a program and give no reason. */
const noise =
  /^(?:verification time |stack depth |cur state: |old state: |mark_precise: |last_idx |first_idx |regs=|parent (?:state|didn't)|propagating |func#\d+ @|Func#\d+ |Validating |Live regs before insn|live regs before insn|\s+\d+: [.0-9]{10} |caller:|callee:|returning from callee|to caller at |from callee|insn \d+ |REG INVARIANTS|\s*R\d+[=_]|\s*frame\d+: R|\s*fp-\d+)/

interface Walk {
  readonly reason: string[]
  readonly slot: number | undefined
  readonly remark: SourceRemark | undefined
  readonly registers: string
  readonly processed: number | undefined
}

function walkLines(lines: readonly string[]): Walk {
  let reason: string[] = []
  let slot: number | undefined
  let remark: SourceRemark | undefined
  let pending: SourceRemark | undefined
  let registers = ''
  let processed: number | undefined
  for (const line of lines) {
    const instruction = instructionLine.exec(line)
    const state = instruction === null ? stateLine.exec(line) : null
    const source = remarkLine.exec(line)
    const summary = summaryLine.exec(line)
    if (instruction !== null) {
      slot = Number(instruction[1])
      registers = instruction[2] ?? registers
      remark = pending ?? remark
      pending = undefined
      reason = []
    } else if (state !== null) {
      registers = state[2] ?? registers
      reason = []
    } else if (source !== null) {
      pending = toRemark(source)
      reason = []
    } else if (summary !== null) {
      processed = Number(summary[1])
    } else if (line.trim() !== '' && !noise.test(line)) {
      reason.push(line.trimEnd())
    }
  }
  return { reason, slot, remark, registers, processed }
}

function toRemark([, text = '', file, line]: RegExpExecArray): SourceRemark {
  return file === undefined ? { text } : { text, file, line: Number(line) }
}

/** The instruction that a reason itself names; such reasons come before or after the walk. */
function slotOf(reason: string): number | undefined {
  return firstNumber(
    reason,
    /(?:unreachable insn|back-edge from insn|infinite loop detected at insn|jump out of range from insn|unknown opcode [0-9a-f]+ at insn|invalid (?:bpf_ld_imm64|BPF_LD_IMM) insn at) (\d+)/,
  )
}

function firstNumber(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
