import { callKind, instructionClass, jumpCode, operandSource } from '../../isa/opcodes.ts'
import { helperNumber } from '../helper-names.ts'
import { isLabelName } from '../label-name.ts'
import type { Parsed } from './parsed.ts'
import { bits32Field, type NumberField, offsetField, type Statement, signed32Field } from './statement.ts'

const callOpcode = instructionClass.jmp | jumpCode.call
const distanceField: NumberField = { ...signed32Field, name: 'distance' }
const helperField: NumberField = { ...bits32Field, name: 'the helper’s number' }
const btfIdField: NumberField = { ...bits32Field, name: 'the BTF id' }

/**
 * Reads what is called, in pseudo-C, after `call`:
 *
 *     bpf_redirect   unknown#9999   23                     a helper by name or number
 *     checksum   pc+3                                      a function of the program
 *     bpf_skb_ct_lookup   kfunc bpf_skb_ct_lookup          a kfunc by name, for a loader to look up
 *     kernel-function#1234   kernel-function#1234 fd_array[2]
 *
 * A bare name is a function of the program if there is one of that name, else a helper, else a kfunc.
 */
export function readCalled(statement: Statement): Parsed {
  if (statement.isNumber()) return callHelper(statement, statement.readNumber(helperField) | 0)
  if (statement.is('pc')) {
    statement.take()
    return callFunction(statement)
  }
  if (statement.accept('kfunc')) return callKfunc(statement)
  const { next } = statement
  if (next.kind !== 'word') return statement.fail('what to call')
  const [name = '', digits] = next.text.split('#')
  if (digits !== undefined) {
    statement.take()
    const imm = Number(digits)
    if (imm < helperField.min || imm > helperField.max)
      statement.complain(`${name}#${digits}: out of range`, next)
    return name === 'kernel-function' ? callBtfId(statement, imm | 0) : callHelper(statement, imm | 0)
  }
  const target = statement.readTarget(distanceField)
  const made = callLabel(statement, target.label ?? '', next.column)
  return { ...made, otherwise: named(statement, name) }
}

/**
 * Reads what is called, in the mnemonic syntax, after `call`: `helper 23`, `helper bpf_redirect`, `local f`,
 * `local +3`, `kfunc bpf_skb_ct_lookup`, `kfunc 1234`, `kfunc 1234 fd_array[2]`, `%r3`.
 */
export function readCalledMnemonic(statement: Statement): Parsed {
  if (statement.isA('register')) return callRegister(statement)
  if (statement.accept('local')) return callFunction(statement)
  if (statement.accept('kfunc')) return callKfunc(statement)
  if (!statement.accept('helper') && !statement.isNumber()) {
    return statement.fail('helper, local, kfunc or a register')
  }
  if (statement.isNumber()) return callHelper(statement, statement.readNumber(helperField) | 0)
  const { next } = statement
  const number = next.kind === 'word' ? helperNumber(next.text) : undefined
  if (number === undefined) return statement.fail('a helper’s number or name, such as bpf_redirect')
  statement.take()
  return callHelper(statement, number)
}

/** `callx r3`. */
export function readCallx(statement: Statement): Parsed {
  statement.take()
  return callRegister(statement)
}

function callRegister(statement: Statement): Parsed {
  return statement.make({
    opcode: callOpcode | operandSource.register,
    dst: statement.readRegister('r').number,
  })
}

function callHelper(statement: Statement, imm: number): Parsed {
  return statement.make({ opcode: callOpcode, src: callKind.helper, imm })
}

function callFunction(statement: Statement): Parsed {
  const target = statement.readTarget(distanceField)
  return statement.make({ opcode: callOpcode, src: callKind.local, imm: target.distance ?? 0 }, target)
}

function callLabel(statement: Statement, label: string, column: number): Parsed {
  return statement.make({ opcode: callOpcode, src: callKind.local }, { label, column })
}

function callKfunc(statement: Statement): Parsed {
  if (statement.isNumber()) return callBtfId(statement, statement.readNumber(btfIdField) | 0)
  const { next } = statement
  if (next.kind !== 'word' || !isLabelName(next.text)) return statement.fail('a kfunc’s name or BTF id')
  statement.take()
  const symbol = { kind: 'kfunc', name: next.text } as const
  return statement.make({ opcode: callOpcode, src: callKind.kfunc, symbol })
}

function callBtfId(statement: Statement, imm: number): Parsed {
  let offset = 0
  if (statement.accept('fd_array')) {
    statement.expect('[')
    offset = statement.readNumber({ ...offsetField, name: 'the index into fd_array' })
    statement.expect(']')
  }
  return statement.make({ opcode: callOpcode, src: callKind.kfunc, offset, imm })
}

/** What a name calls that is no label of the program. */
function named(statement: Statement, name: string): Parsed['instruction'] {
  const number = name.startsWith('bpf_') ? helperNumber(name) : undefined
  const fields =
    number === undefined
      ? { src: callKind.kfunc, symbol: { kind: 'kfunc', name } as const }
      : { src: callKind.helper, imm: number }
  return statement.make({ opcode: callOpcode, ...fields }).instruction
}
