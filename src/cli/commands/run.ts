import { type Command, Option } from 'commander'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { type Syntax, syntaxes } from '../../asm/text/syntax.ts'
import { InvalidRequestError } from '../../programs/load-balancer/control/errors.ts'
import { print } from '../output.ts'
import { inputName, isProgramText, programBytes, readInput } from '../program-files.ts'

interface RunOptions {
  readonly memory: string
  readonly kernel?: boolean
  readonly trace?: boolean
  readonly syntax?: Syntax
  readonly json?: boolean
}

interface RunResult {
  /** `0x…` */
  readonly r0: string
  /** Hexadecimal digits. */
  readonly memory: string
  /** Instructions executed; null in the kernel, which does not say. */
  readonly executed: number | null
}

/** `run`. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .argument('<file>', 'a program: text as asm takes it, bytes, or hexadecimal digits; - is standard input')
    .description('execute a BPF program and print r0; in our interpreter, or in the kernel')
    .option('-m, --memory <hex>', 'what r1 points to, as hexadecimal digits; r2 is its length', '')
    .option('--kernel', 'verify and run it in the running kernel (needs root)')
    .option('--trace', 'print each instruction with the registers that it changed, on standard error')
    .addOption(new Option('-s, --syntax <syntax>', 'the text’s syntax').choices([...syntaxes]))
    .option('--json', 'print r0, the memory afterwards and the count as JSON')
    .action(async (file: string, options: RunOptions) => {
      if (options.kernel === true && options.trace === true)
        throw new InvalidRequestError('the kernel cannot trace a program', 'Leave out --kernel or --trace.')
      const instructions = await readProgram(file, options.syntax)
      const memory = memoryBytes(options.memory)
      const result = await (options.kernel === true
        ? runInTheKernel(instructions, memory)
        : interpret(instructions, memory, options.trace === true))
      print(result, options, ({ r0 }) => r0)
    })
}

async function readProgram(file: string, syntax: Syntax | undefined): Promise<readonly Instruction[]> {
  const input = await readInput(file)
  if (!isProgramText(input)) return (await import('../../asm/isa/decode.ts')).decode(programBytes(input))
  const { assembleText } = await import('../../asm/text/assemble-text.ts')
  const text = Buffer.from(input).toString('utf8')
  const options = { file: inputName(file), ...(syntax === undefined ? {} : { syntax }) }
  return assembleText(text, { ...options, unreachable: 'report' }).instructions
}

async function runInTheKernel(instructions: readonly Instruction[], memory: Uint8Array): Promise<RunResult> {
  const { checkPrivileges } = await import('../../programs/load-balancer/control/privileges.ts')
  const { runInKernel } = await import('../../loader/program/run-in-kernel.ts')
  checkPrivileges()
  const result = runInKernel(instructions, memory)
  return {
    r0: `0x${result.r0.toString(16)}`,
    memory: Buffer.from(result.memory).toString('hex'),
    executed: null,
  }
}

async function interpret(
  instructions: readonly Instruction[],
  memory: Uint8Array,
  trace: boolean,
): Promise<RunResult> {
  const { Machine } = await import('../../asm/vm/machine.ts')
  const { traceWriter } = await import('../render/trace.ts')
  const writer = traceWriter((line) => process.stderr.write(`${line}\n`))
  const machine = new Machine(instructions, trace ? { trace: writer.instruction } : {})
  const own = memory.slice()
  const r0 = machine.run((space) =>
    own.byteLength === 0 ? [0, 0] : [space.map('memory', own), own.byteLength],
  )
  if (trace) writer.end(r0)
  return { r0: `0x${r0.toString(16)}`, memory: Buffer.from(own).toString('hex'), executed: machine.executed }
}

function memoryBytes(hex: string): Uint8Array {
  const digits = hex.replace(/^0x/i, '').replace(/[\s:]/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new InvalidRequestError(
      `--memory "${hex}" is not a sequence of bytes`,
      'Write each byte as two hexadecimal digits: 0102ff.',
    )
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}
