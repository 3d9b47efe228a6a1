import { readFile, writeFile } from 'node:fs/promises'
import { InvalidRequestError, NotFoundError } from '../programs/load-balancer/control/errors.ts'

/** Reads a file whole; `-` is standard input. @throws {NotFoundError} when there is no such file */
export async function readInput(file: string): Promise<Uint8Array> {
  if (file === '-') {
    const chunks: Uint8Array[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
    return Buffer.concat(chunks)
  }
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new NotFoundError(`there is no file ${file}`, 'Use - to read standard input.')
    throw error
  }
}

/** What an input is called in messages. */
export function inputName(file: string): string {
  return file === '-' ? '<stdin>' : file
}

/**
 * Writes to a file, or to standard output.
 *
 * @throws {InvalidRequestError} for bytes to a terminal, which would garble it
 */
export async function writeOutput(output: Uint8Array | string, file: string | undefined): Promise<void> {
  if (file !== undefined && file !== '-') {
    await writeFile(file, output)
    return
  }
  if (typeof output !== 'string' && process.stdout.isTTY === true)
    throw new InvalidRequestError(
      'the program is binary, and standard output is a terminal',
      'Write it to a file with -o, or show it with --format hex.',
    )
  process.stdout.write(output)
}

/**
 * @returns the bytes of a program that is given as bytes or as hexadecimal digits. No program is both: its
 *   `exit` (0x95) is no digit.
 * @throws {InvalidRequestError} for an ELF object
 */
export function programBytes(input: Uint8Array): Uint8Array {
  if (input[0] === 0x7f && input[1] === 0x45 && input[2] === 0x4c && input[3] === 0x46)
    throw new InvalidRequestError(
      'this is an ELF object, not the bytes of a program',
      'Take a program out of it first: llvm-objcopy -O binary --only-section=NAME object.o program.bin',
    )
  const text = Buffer.from(input).toString('latin1')
  if (!/^[\s0-9a-fA-F]+$/.test(text)) return input
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0)
    throw new InvalidRequestError(
      `there are ${digits.length} hexadecimal digits, which is odd`,
      'A byte is two digits, an instruction 16.',
    )
  return Buffer.from(digits, 'hex')
}

/** Whether an input is a program's text: readable characters, and not hexadecimal digits alone. */
export function isProgramText(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1')
  return !/[^\t\n\r\x20-\x7e\x80-\xff]/.test(text) && !/^[\s0-9a-fA-F]+$/.test(text)
}
