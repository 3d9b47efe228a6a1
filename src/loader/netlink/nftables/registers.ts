import { type Attributes, required } from '../core/attributes.ts'
import { dataAttributes } from './constants.ts'

/** NFT_REG_VERDICT, NFT_REG_1, NFT_REG32_00 (enum nft_registers). */
export const verdictRegister = 0
const firstRegister128 = 1
const firstRegister32 = 8

/** The kernel's number for a word, 0 to 15. @throws {RangeError} for any other */
export function registerNumber(register: number): number {
  if (!Number.isInteger(register) || register < 0 || register > 15)
    throw new RangeError(`register ${register} is not within 0..15`)
  return firstRegister32 + register
}

/** The kernel names a register that starts at a multiple of 16 bytes by its old 128-bit number, 1 to 4. */
export function registerOf(data: Attributes, type: number): number {
  const number = integerOf(data, type)
  return number >= firstRegister32 ? number - firstRegister32 : (number - firstRegister128) * 4
}

/** A number that must be there. @throws {NetlinkDecodeError} */
export function integerOf(data: Attributes, type: number): number {
  return required(data.be32(type), `attribute ${type} of an expression`)
}

/** A value that must be there (NFTA_DATA_VALUE). @throws {NetlinkDecodeError} */
export function dataOf(data: Attributes, type: number): Uint8Array {
  return required(data.nested(type)?.bytes(dataAttributes.value), `value ${type} of an expression`).slice()
}
