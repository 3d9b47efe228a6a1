import type { Emitter } from '../../core/emitter.ts'
import type { Int } from '../../core/values.ts'
import { helpers } from '../../helper/helpers.ts'
import { callWithCallback } from '../callback.ts'
import { indexOf, type Turns } from './range.ts'

/** A loop by the helper `bpf_loop`: its body is a function, which the verifier goes through once. */
export function callbackLoop(emitter: Emitter, turns: Turns, body: (index: Int<'u32'>) => void): void {
  const { count } = turns
  callWithCallback(emitter, {
    name: 'loop_body',
    parameters: ['i32', 'ptr'],
    context: 1,
    body: ([turn = emitter.constant(0n, 'i32')]) => body(indexOf(emitter, turns, turn)),
    callee: helpers.loop,
    args: (callback, context) => [
      typeof count === 'number' ? emitter.constant(BigInt(count), 'i32') : count,
      callback,
      context,
      emitter.constant(0n, 'i64'),
    ],
  })
}
