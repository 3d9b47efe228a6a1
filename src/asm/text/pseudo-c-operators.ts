import { aluCode, atomicCode, jumpCode } from '../isa/opcodes.ts'

// The operators of the pseudo-C form, by the codes they stand for: one table for printer and parser.

/** Of arithmetic, by `aluCode`. */
export const aluOperator: Readonly<Record<number, string>> = {
  [aluCode.add]: '+=',
  [aluCode.sub]: '-=',
  [aluCode.mul]: '*=',
  [aluCode.div]: '/=',
  [aluCode.or]: '|=',
  [aluCode.and]: '&=',
  [aluCode.lsh]: '<<=',
  [aluCode.rsh]: '>>=',
  [aluCode.mod]: '%=',
  [aluCode.xor]: '^=',
  [aluCode.mov]: '=',
  [aluCode.arsh]: 's>>=',
}

/** Of atomic operations that do not fetch, by `atomicCode`. */
export const atomicOperator: Readonly<Record<number, string>> = {
  [atomicCode.add]: '+=',
  [atomicCode.or]: '|=',
  [atomicCode.and]: '&=',
  [atomicCode.xor]: '^=',
}

/** What follows `atomic_fetch_`, by `atomicCode`. */
export const atomicFetchName: Readonly<Record<number, string>> = {
  [atomicCode.fetch_add]: 'add',
  [atomicCode.fetch_or]: 'or',
  [atomicCode.fetch_and]: 'and',
  [atomicCode.fetch_xor]: 'xor',
}

/** Of conditional jumps, by `jumpCode`. */
export const conditionOperator: Readonly<Record<number, string>> = {
  [jumpCode.jeq]: '==',
  [jumpCode.jgt]: '>',
  [jumpCode.jge]: '>=',
  [jumpCode.jset]: '&',
  [jumpCode.jne]: '!=',
  [jumpCode.jsgt]: 's>',
  [jumpCode.jsge]: 's>=',
  [jumpCode.jlt]: '<',
  [jumpCode.jle]: '<=',
  [jumpCode.jslt]: 's<',
  [jumpCode.jsle]: 's<=',
}

/** @returns a table turned round: codes by operator. */
export function codesOf(operators: Readonly<Record<number, string>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(operators).map(([code, operator]) => [operator, Number(code)]))
}
