import type { RawFields } from '../../isa/fields.ts'
import { loadImm64Opcode } from '../../isa/opcodes.ts'
import type { Parsed } from './parsed.ts'
import { bits32Field, offsetField, type Statement } from './statement.ts'
import { readWideNumber } from './wide-value.ts'

/**
 * Reads an instruction given field by field, for what neither syntax has a form for; fields left out are 0:
 *
 *     <opcode 0xbf dst 1 src 2 offset 0 imm 7>
 */
export function readRawFields(statement: Statement): Parsed {
  statement.expect('<')
  statement.expect('opcode')
  const opcode = statement.readNumber({ name: 'opcode', min: 0, max: 255 })
  const fields: { -readonly [K in keyof RawFields]: RawFields[K] } = { opcode }
  if (statement.accept('dst')) fields.dst = statement.readNumber({ name: 'dst', min: 0, max: 10 })
  if (statement.accept('src')) fields.src = statement.readNumber({ name: 'src', min: 0, max: 10 })
  if (statement.accept('offset')) fields.offset = statement.readNumber(offsetField)
  if (opcode === loadImm64Opcode) {
    statement.expect('imm')
    fields.imm64 = readWideNumber(statement)
  } else if (statement.accept('imm')) {
    fields.imm = statement.readNumber(bits32Field) | 0
  }
  statement.expect('>')
  return statement.make(fields)
}
