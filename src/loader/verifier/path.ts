/** One instruction on the verifier's way to the fault. */
export interface Step {
  /** Counts 8-byte units of instructions, from 0. */
  readonly slot: number
  /** The registers that the log shows after it, such as `R0=map_value(map=counters,ks=4,vs=8)`; often empty. */
  readonly state: string
}

/** `11: (55) if r0 != 0x0 goto pc+2`, then `; R0=…`, or where it went: ` 14: R0=…`. */
const instructionLine = /^(\d+): \([0-9a-f]{2}\) .*?(?:\s+;\s*(R.*)|\s+\d+: ((?:frame\d+: )?R\d+[=_].*))?$/
/** `from 11 to 14: R0=…`: the walk goes on at a branch that it had left for later. */
const branchLine = /^from (\d+) to \d+(?: \([^)]*\))?: ?(.*)$/

/**
 * The way that the verifier went to the fault, out of a log of level 1 or 2. Level 1 shows that way alone; level 2
 * shows the others that were tried before as well, which are left out here: the verifier goes depth first, so a walk
 * that goes on at a branch goes on behind the last step there whose other side it has not taken up yet.
 */
export function readPath(lines: readonly string[]): readonly Step[] {
  const path: { slot: number; state: string; resumed: boolean }[] = []
  for (const line of lines) {
    const branch = branchLine.exec(line)
    if (branch !== null) {
      const slot = Number(branch[1])
      const at = path.findLastIndex((step) => step.slot === slot && !step.resumed)
      const step = path[at]
      if (step === undefined) continue
      path.length = at + 1
      step.resumed = true
      step.state = branch[2] ?? ''
      continue
    }
    const instruction = instructionLine.exec(line)
    if (instruction === null) continue
    path.push({ slot: Number(instruction[1]), state: instruction[2] ?? instruction[3] ?? '', resumed: false })
  }
  return path.map(({ slot, state }) => ({ slot, state }))
}

/** What a state says of a register: `pkt(r=0)` of `R1=ctx() R2_w=pkt(r=0)`; undefined where it is not shown. */
export function registerState(state: string, register: number): string | undefined {
  const start = new RegExp(`(?:^| )R${register}(?:_[rwD]+)?=`).exec(state)
  if (start === null) return undefined
  const rest = state.slice(start.index + start[0].length)
  let depth = 0
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === '(') depth++
    else if (rest[i] === ')') depth--
    else if (rest[i] === ' ' && depth === 0) return rest.slice(0, i)
  }
  return rest
}
