import type { VerifierVisits } from '../../asm/report/program-report.ts'
import { splitReport } from './report.ts'

/** Different states that are kept of an instruction. */
const keptStates = 8

/** `12: (61) r3 = *(u32 *)(r1 +76)`, and behind it `; R3=pkt(r=0)`, or where a jump went: `15: R0=0`. */
const instructionLine = /^(\d+): \(([0-9a-f]{2})\) (.*)$/
/** `12: R1=ctx() R10=fp0`, `from 3 to 12: R0=0`, `from 3 to 12 (speculative execution): …`, `12: frame1: …`. */
const stateLine = /^(?:from \d+ to )?(\d+)(?: \([^)]*\))?: ((?:frame\d+: ?)?(?:R\d+(?:_\w+)?[=:].*)?)$/
/** `caller:`, `callee:`, `returning from callee:`, `to caller at 5:`; the state is on the next line, indented. */
const frameLine = /^\s+(?:frame\d+: ?)?(R\d+(?:_\w+)?=.*)$/

/**
 * Reads the verifier's states out of a log of level 2: for every instruction that it went through, what it knew before
 * it. Kernels before 5.18 print whole states, later ones what an instruction has changed; both are put together here.
 * Logs of level 1 and those that are cut off give what they have.
 *
 * @returns by slot
 */
export function readVerifierStates(log: string): Map<number, VerifierVisits> {
  const { plain } = splitReport(log.replace(/\0+$/, '').split('\n'))
  const visits = new Map<number, { count: number; states: Set<string> }>()
  let current = new Map<string, string>()
  for (const line of plain) {
    const state = stateLine.exec(line)
    if (state !== null) {
      // What a way begins with is printed whole.
      current = assign(new Map(), state[2] ?? '')
      continue
    }
    const instruction = instructionLine.exec(line)
    if (instruction === null) {
      const frame = frameLine.exec(line)
      if (frame !== null) current = assign(new Map(), frame[1] ?? '')
      continue
    }
    const slot = Number(instruction[1])
    const visit = visits.get(slot) ?? { count: 0, states: new Set<string>() }
    visits.set(slot, visit)
    visit.count++
    if (visit.states.size < keptStates && current.size > 0) visit.states.add(print(current))
    current = after(current, instruction[2] ?? '', instruction[3] ?? '')
  }
  return new Map([...visits].map(([slot, { count, states }]) => [slot, { count, states: [...states] }]))
}

/** The state behind an instruction. */
function after(before: Map<string, string>, opcode: string, text: string): Map<string, string> {
  const next = new Map(before)
  // A call leaves nothing in the registers that pass arguments.
  if (opcode === '85') for (let register = 0; register <= 5; register++) next.delete(`R${register}`)
  const jumped = /\s\d+: ((?:frame\d+: ?)?R\d+(?:_\w+)?=.*)$/.exec(text)
  if (jumped !== null) return assign(new Map(), jumped[1] ?? '')
  const changed = /\s; ((?:frame\d+: ?)?R\d+(?:_\w+)?=.*|(?:fp-\d+|refs)\S*=.*)$/.exec(text)
  return changed === null ? next : assign(next, changed[1] ?? '')
}

/** Sets the registers and stack slots that a state names. */
function assign(state: Map<string, string>, text: string): Map<string, string> {
  for (const part of words(text)) {
    const [, name = '', value = ''] = /^((?:R\d+|fp-\d+|refs|cb))(?:_\w+)?=(.*)$/s.exec(part) ?? []
    if (name !== '') state.set(name, value)
  }
  return state
}

/** Cuts at spaces, but not inside of parentheses. */
function words(text: string): string[] {
  const result: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    const at = text[i]
    if (at === '(') depth++
    else if (at === ')') depth = Math.max(0, depth - 1)
    if (at === undefined || (at === ' ' && depth === 0)) {
      if (i > start) result.push(text.slice(start, i))
      start = i + 1
    }
  }
  return result
}

function print(state: ReadonlyMap<string, string>): string {
  const rank = (name: string): number => (name.startsWith('R') ? Number(name.slice(1)) : 100)
  return [...state]
    .sort(([a], [b]) => rank(a) - rank(b))
    .filter(([name, value]) => !(name === 'R10' && value.startsWith('fp0')))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
