import { helperShape } from '../../asm/analysis/helper-shape.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { helperName } from '../../asm/text/helper-names.ts'
import { type Comparison, type Flow, followPath, type Held } from './flow.ts'
import { registerState, type Step } from './path.ts'

/** The verifier's reason in the terms of the program's author. */
export interface Story {
  /** One sentence that goes below the line at fault. */
  readonly sentence: string
  /** What led there, in order. */
  readonly events: readonly StoryEvent[]
}

/** Something that happened on the way, and the instruction that did it. */
export interface StoryEvent {
  readonly instruction: number
  readonly what: string
}

/** What a story is told about. */
export interface Plot {
  readonly instructions: readonly Instruction[]
  readonly steps: readonly Step[]
  readonly reason: readonly string[]
  /** Index of the instruction at a slot. */
  readonly indexOf: (slot: number) => number | undefined
  /** How the author calls what the instruction at this index works on; empty when that is not known. */
  readonly nameAt: (instruction: number) => string
  /** `lb.ts:31`; empty when that is not known. */
  readonly placeOf: (instruction: number) => string
}

/** The verifier believes no check of a packet pointer that may be farther in: MAX_PACKET_OFF (kernel/bpf/verifier.c). */
const maximumPacketOffset = 65_535

/** Steps of a path that are searched for a loop. */
const endOfPath = 10_000

/** Branches shown of a path. */
const shownBranches = 6

/** Tells how the path led to the fault; undefined for reasons that are clear without, or that nothing is known about. */
export function tellStory(plot: Plot): Story | undefined {
  const { steps, instructions, indexOf } = plot
  const last = steps[steps.length - 1]
  const fault = last === undefined ? undefined : indexOf(last.slot)
  const at = fault === undefined ? undefined : instructions[fault]
  if (fault === undefined || at === undefined) return undefined
  const reason = plot.reason.join('\n')
  const scene: Scene = { ...plot, fault, at, flow: followPath(instructions, steps, indexOf) }
  for (const [pattern, tell] of tellers) {
    const match = pattern.exec(reason)
    if (match !== null) return tell(scene, match)
  }
  return undefined
}

interface Scene extends Plot {
  readonly fault: number
  readonly at: Instruction
  readonly flow: Flow
}

type Teller = (scene: Scene, match: RegExpExecArray) => Story | undefined

const tellers: readonly (readonly [RegExp, Teller])[] = [
  [/invalid access to packet, off=(-?\d+) size=(\d+), R(\d+)\((?:.*?)r=(\d+)\)/, beyondPacket],
  [/R(\d+) invalid mem access '\w*_or_null/, maybeNull],
  [/Possibly NULL pointer passed to .*?arg(?:#|)(\d+)/, maybeNullArgument],
  [/R(\d+) type=\w*_or_null_? expected=/, maybeNull],
  [/R(\d+) invalid mem access '(?:scalar|inv)'/, notAPointer],
  [/R(\d+) !read_ok/, neverWritten],
  [/Unreleased reference id=\d+ alloc_insn=(\d+)/, leaked],
  [
    /(?:invalid access to map value|invalid access to memory|invalid variable-offset|unbounded (?:memory access|min value)|outside of the allowed memory range|R\d+ (?:max|min) value)/,
    outOfBounds,
  ],
  [
    /(?:infinite loop detected|program is too large|loop detected|too many states|sequence of \d+ jumps is too complex)/,
    endlessLoop,
  ],
]

function beyondPacket(scene: Scene, match: RegExpExecArray): Story {
  const [offset, size, register, checked] = match.slice(1).map(Number) as [number, number, number, number]
  const held = scene.flow.registers[register]
  const name = subject(scene, register)
  const root = held === undefined ? undefined : rootOf(held)
  const since = root === undefined ? '' : scene.placeOf(root.instruction)
  const made = held === undefined ? [] : [event(held.birth.instruction, 'the pointer is made here')]
  const checks = scene.flow.comparisons.filter((c) => isPacketCheck(scene, c))
  const proved = checks.findLast((c) => concerns(c, held))
  if (proved === undefined)
    return {
      sentence: `${name} may be beyond the packet's end: not checked on the path${since === '' ? '' : ` from ${since}`}`,
      events: [
        ...made,
        ...checks.slice(-1).map((c) => event(c.instruction, 'another part of the packet is checked here')),
      ],
    }
  const checkedAt = scene.placeOf(proved.instruction)
  const variable = held === undefined ? undefined : lastAdded(held)
  if (checked === 0 && variable !== undefined)
    return {
      sentence: `${name} may be beyond the packet's end: the check at ${checkedAt} does not count, the offset from ${scene.placeOf(variable.birth.instruction)} may be more than ${maximumPacketOffset}`,
      events: [event(variable.birth.instruction, 'the offset comes from here'), ...made],
    }
  return {
    sentence: `${name} may be beyond the packet's end: it needs ${offset + size} bytes, ${checkedAt} has checked ${checked}`,
    events: [...made, event(proved.instruction, `${checked} bytes are checked here`)],
  }
}

function maybeNull(scene: Scene, match: RegExpExecArray): Story {
  const register = Number(match[1])
  const held = scene.flow.registers[register]
  const born = held === undefined ? undefined : scene.instructions[held.birth.instruction]
  const origin = calleeName(born)
  const place = held === undefined ? '' : scene.placeOf(held.birth.instruction)
  const map = /map=([^,)]+)/.exec(held?.birth.type ?? '')?.[1]
  const what = origin === '' ? 'what it comes from' : `${origin}${map === undefined ? '' : ` in "${map}"`}`
  return {
    sentence: `${subject(scene, register)} may be null: the result of ${what}${place === '' ? '' : ` at ${place}`} is not checked on the path to here`,
    events: held === undefined ? [] : [event(held.birth.instruction, 'the pointer comes from here')],
  }
}

function maybeNullArgument(scene: Scene, match: RegExpExecArray): Story {
  // Messages about arguments count them from 0; the first is in R1.
  const register = Number(match[1]) + 1
  return maybeNull(
    scene,
    Object.assign([match[0], String(register)], { index: 0, input: match.input }) as RegExpExecArray,
  )
}

function notAPointer(scene: Scene, match: RegExpExecArray): Story {
  const register = Number(match[1])
  const held = scene.flow.registers[register]
  const name = subject(scene, register)
  const root = held === undefined ? undefined : rootOf(held)
  if (root !== undefined && /^pkt/.test(root.type)) {
    const moved = scene.flow.calls.findLast(
      (call) => call.step > root.step && movesPacket(scene.instructions[call.instruction]),
    )
    if (moved !== undefined)
      return {
        sentence: `${name} is no longer valid: ${calleeName(scene.instructions[moved.instruction]) || 'the call'} at ${scene.placeOf(moved.instruction)} may have moved the packet`,
        events: [
          event(root.instruction, 'the pointer into the packet is read here'),
          event(moved.instruction, 'the packet may move here'),
        ],
      }
  }
  return {
    sentence: `${name} is a number here, not a pointer`,
    events: held === undefined ? [] : [event(held.birth.instruction, 'it comes from here')],
  }
}

function neverWritten(scene: Scene, match: RegExpExecArray): Story {
  const register = Number(match[1])
  const cleared = register >= 1 && register <= 5 ? scene.flow.calls.at(-1) : undefined
  if (cleared !== undefined) {
    const callee = calleeName(scene.instructions[cleared.instruction])
    return {
      sentence: `r${register} has no value: the call${callee === '' ? '' : ` of ${callee}`} at ${scene.placeOf(cleared.instruction)} has cleared it`,
      events: [event(cleared.instruction, 'r1 to r5 are cleared here')],
    }
  }
  return { sentence: `r${register} has no value: nothing was written to it on the path to here`, events: [] }
}

function leaked(scene: Scene, match: RegExpExecArray): Story {
  const acquired = scene.indexOf(Number(match[1]))
  const what = acquired === undefined ? '' : calleeName(scene.instructions[acquired])
  const from = acquired === undefined ? -1 : scene.flow.instructions.lastIndexOf(acquired)
  const type = /(?:trusted_)?ptr_(?:or_null_)?([A-Za-z_]\w*)\(/.exec(
    registerState(scene.steps[from]?.state ?? '', 0) ?? '',
  )?.[1]
  const place = acquired === undefined ? '' : scene.placeOf(acquired)
  return {
    sentence: `the ${type ?? 'object'} acquired${place === '' ? '' : ` at ${place}`}${what === '' ? '' : ` by ${what}`} is not released on this path`,
    events: branchesAfter(scene, from),
  }
}

function outOfBounds(scene: Scene): Story | undefined {
  const register = accessRegister(scene)
  if (register === undefined) return undefined
  const held = scene.flow.registers[register]
  const added = held === undefined ? undefined : lastAdded(held)
  if (added === undefined) return undefined
  const comparison = scene.flow.comparisons.findLast((c) => concerns(c, added))
  const place = scene.placeOf(added.birth.instruction)
  const range = /umax(?:=[a-z0-9]*)*=(0x[0-9a-f]+|\d+)/.exec(lastState(scene, added) ?? added.birth.type)?.[1]
  const most = range === undefined ? 'any number' : `up to ${Number(range)}`
  const from = place === '' ? '' : ` from ${place}`
  return {
    sentence:
      comparison === undefined
        ? `the index${from} may be ${most}: not compared with the size on the path to here`
        : `the index${from} may be ${most}: the comparison at ${scene.placeOf(comparison.instruction)} is not enough`,
    events: [
      event(added.birth.instruction, 'the index comes from here'),
      ...(comparison === undefined ? [] : [event(comparison.instruction, 'it is compared here')]),
    ],
  }
}

function endlessLoop(scene: Scene): Story | undefined {
  const visits = new Map<number, number>()
  for (const instruction of scene.flow.instructions.slice(-endOfPath))
    visits.set(instruction, (visits.get(instruction) ?? 0) + 1)
  const lines = new Map<string, { turns: number; instruction: number }>()
  for (const [instruction, turns] of visits) {
    const place = scene.placeOf(instruction)
    if (turns > (lines.get(place)?.turns ?? 1) && place !== '') lines.set(place, { turns, instruction })
  }
  const looping = [...lines.values()].sort((a, b) => b.turns - a.turns || a.instruction - b.instruction)
  if (looping.length === 0) return undefined
  return {
    sentence: 'the verifier goes through this loop turn by turn and sees no end of it',
    events: looping.slice(0, 3).map((line) => event(line.instruction, 'again and again here')),
  }
}

/** Where the path went at its last branches behind a step. */
function branchesAfter(scene: Scene, step: number): StoryEvent[] {
  return scene.flow.comparisons
    .filter((c) => c.step > step)
    .slice(-shownBranches)
    .map((c) => event(c.instruction, `the path goes from here to ${nextPlace(scene, c)}`))
}

/** The next statement after a branch. */
function nextPlace(scene: Scene, { step, instruction }: Comparison): string {
  const here = scene.placeOf(instruction)
  for (const next of scene.flow.instructions.slice(step + 1)) {
    const place = scene.placeOf(next)
    if (place !== here && place !== '') return place
  }
  return 'the end'
}

function event(instruction: number, what: string): StoryEvent {
  return { instruction, what }
}

/** The author's name for what is accessed, or the register. */
function subject(scene: Scene, register: number): string {
  const name = scene.nameAt(scene.fault)
  return name === '' ? `r${register}` : `\`${name}\``
}

/** The value that everything was added to. */
function rootOf(held: Held): Held['birth'] {
  let birth = held.birth
  while (birth.sum !== undefined) birth = birth.sum.base.birth
  return birth
}

function lastAdded(held: Held): Held | undefined {
  for (let birth = held.birth; ; birth = birth.sum.base.birth) {
    if (birth.sum === undefined) return undefined
    if (birth.sum.added !== undefined) return birth.sum.added
  }
}

function concerns(comparison: Comparison, held: Held | undefined): boolean {
  return held !== undefined && [comparison.left, comparison.right].some((side) => side?.birth === held.birth)
}

function isPacketCheck(scene: Scene, comparison: Comparison): boolean {
  return [comparison.left, comparison.right].some(
    (side) =>
      side !== undefined &&
      (/^pkt_end/.test(side.birth.type) || /=pkt_end/.test(scene.steps[side.birth.step]?.state ?? '')),
  )
}

/** What the log last showed of a value, in whatever register it was. */
function lastState(scene: Scene, held: Held): string | undefined {
  const target = scene.instructions[held.birth.instruction]?.dst
  if (target === undefined) return undefined
  for (let step = scene.steps.length - 1; step >= held.birth.step && step >= 0; step--) {
    const state = registerState(scene.steps[step]?.state ?? '', target)
    if (state !== undefined && /scalar|umax|inv/.test(state)) return state
  }
  return undefined
}

/** The register that holds the address of the access at fault, or that the reason names. */
function accessRegister(scene: Scene): number | undefined {
  const named = /R(\d+) (?:max|min|unbounded|offset|invalid)/.exec(scene.reason.join('\n'))?.[1]
  if (named !== undefined) return Number(named)
  const kind = scene.at.opcode & 7
  if (kind === 1) return scene.at.src
  return kind === 2 || kind === 3 ? scene.at.dst : undefined
}

/** Whether pointers into the packet are no longer valid behind a call. */
function movesPacket(call: Instruction | undefined): boolean {
  const name = call?.src === 0 ? helperName(call.imm) : undefined
  return name !== undefined && helperShape(name)?.moves === true
}

/** The name of what an instruction calls; empty when it is no call by name. */
function calleeName(instruction: Instruction | undefined): string {
  const { symbol } = instruction ?? {}
  if (symbol?.kind === 'kfunc') return symbol.name
  if (symbol?.kind === 'helper') return symbol.name.startsWith('bpf_') ? symbol.name : `bpf_${symbol.name}`
  return ''
}
