import { callerPosition } from '../core/caller.ts'
import type { Condition } from '../core/condition.ts'
import { BuildError } from '../core/errors.ts'
import type { Int } from '../core/values.ts'
import { ControlFlow } from './control-flow.ts'
import { boundedLoop } from './loop/bounded.ts'
import { callbackLoop } from './loop/callback-loop.ts'
import { iteratorLoop } from './loop/iterator.ts'
import { type LoopRange, type Turns, turnsOf } from './loop/range.ts'
import { unrolledLoop } from './loop/unrolled.ts'

/**
 * How a loop is compiled.
 *
 * - `unroll`: the body is written once for each turn, with a constant index; its TypeScript function runs as often.
 * - `bounded`: a jump back; the verifier goes through every turn (Linux 5.3).
 * - `bpf_loop`: the body becomes a function that the helper `bpf_loop` calls (Linux 5.17).
 * - `iterator`: an open-coded iterator, `bpf_iter_num_next` (Linux 6.4).
 */
export type LoopStrategy = 'unroll' | 'bounded' | 'bpf_loop' | 'iterator'

/** Options of a loop. */
export interface LoopOptions {
  /** Chosen by the number of turns when absent: see `b.for`. */
  readonly strategy?: LoopStrategy
}

/** Options of a loop that goes on while a condition holds. */
export interface WhileOptions {
  /** The number of turns after which it ends in any case. */
  readonly max: number
  /** How it is compiled, as in `b.for`. */
  readonly strategy?: Exclude<LoopStrategy, 'unroll'>
}

/** Turns, those of loops around included, above which a loop that the verifier goes through takes too long. */
const boundedTurns = 1000
/** What `bpf_loop` and iterators do at most (BPF_MAX_LOOPS, include/linux/bpf_verifier.h). */
const maxTurns = 8 * 1024 * 1024
/** What a program may be unrolled to: some sense. */
const maxUnrolled = 1024

/** Loops. */
export class Loops extends ControlFlow {
  /**
   * Runs `body` for each index of a range; inside, `b.break`, `b.continue` and `b.return` work as in TypeScript.
   *
   * ```ts
   * b.for(4, (i) => …)                                       // 0, 1, 2, 3
   * b.for({ from: 2, to: 10, step: 2 }, (i) => …)            // 2, 4, 6, 8
   * b.for({ to: count, max: 64 }, (i) => …)                  // below count, 64 turns at most
   * b.for(100_000, (i) => …, { strategy: 'iterator' })
   * ```
   *
   * Up to a thousand turns (those of loops around it included) the verifier goes through all of them; above, the
   * loop is a call of `bpf_loop`, where the kernel that the program is built for has it.
   *
   * @throws {BuildError} for a range that never runs, or one without an end
   */
  for(range: LoopRange, body: (index: Int<'u32'>) => void, options: LoopOptions = {}): void {
    const { emitter } = this
    emitter.checkReachable('statement', callerPosition())
    const turns = turnsOf(emitter, range)
    const strategy = options.strategy ?? this.#strategyFor(turns)
    checkTurns(strategy, turns)
    switch (strategy) {
      case 'unroll':
        unrolledLoop(emitter, constantTurns(turns), body)
        return
      case 'bounded':
        boundedLoop(emitter, turns, body)
        return
      case 'bpf_loop':
        callbackLoop(emitter, turns, body)
        return
      case 'iterator':
        iteratorLoop(emitter, turns, body)
    }
  }

  /**
   * Runs `body` as long as the condition holds, which is computed anew before each turn, but not more than `max`
   * times.
   *
   * ```ts
   * b.while(() => offset.get().lt(length), () => { … }, { max: 40 })
   * ```
   *
   * @throws {BuildError} without a `max`: the verifier accepts only loops that end
   */
  while(condition: () => Condition, body: () => void, options: WhileOptions): void {
    const { max } = options ?? {}
    if (!Number.isInteger(max) || max < 1)
      throw new BuildError('LOOP_MAX', `a while loop needs a max of turns, got ${max}`, callerPosition(), {
        hint: 'The verifier accepts only loops that end: b.while(() => …, () => { … }, { max: 64 }).',
      })
    this.for(
      max,
      () => {
        this.if(condition().not(), () => this.break())
        body()
      },
      options.strategy === undefined ? {} : { strategy: options.strategy },
    )
  }

  #strategyFor(turns: Turns): LoopStrategy {
    if (turns.max === 1 && typeof turns.count === 'number' && typeof turns.from === 'number') return 'unroll'
    const { kernel, loops } = this.emitter
    const total = loops.reduce((product, loop) => product * loop.turns, turns.max)
    if (total <= boundedTurns || turns.max > maxTurns || kernel.bpfLoop === false) return 'bounded'
    return 'bpf_loop'
  }
}

function checkTurns(strategy: LoopStrategy, { max }: Turns): void {
  const limit = strategy === 'unroll' ? maxUnrolled : strategy === 'bounded' ? 2 ** 32 : maxTurns
  if (max <= limit) return
  throw new BuildError(
    'LOOP_COUNT',
    `a loop of strategy ${strategy} has ${limit} turns at most, this one has ${max}`,
    callerPosition(),
  )
}

function constantTurns({ count, from, step }: Turns): { count: number; from: number; step: number } {
  if (typeof count === 'number' && typeof from === 'number') return { count, from, step }
  throw new BuildError('LOOP_COUNT', 'only a loop over constants can be unrolled', callerPosition(), {
    hint: "Leave the strategy out, or take 'bounded'.",
  })
}
