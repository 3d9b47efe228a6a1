import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Assembled } from '../../asm/assemble/assembler.ts'
import type { Endianness } from '../../asm/isa/encode.ts'
import type { CpuLevel } from '../../asm/isa/opcodes.ts'
import { type Syntax, syntaxes } from '../../asm/text/syntax.ts'
import { style } from '../output.ts'
import { inputName, programBytes, readInput, writeOutput } from '../program-files.ts'

interface AsmOptions {
  readonly output?: string
  readonly format: 'bin' | 'hex' | 'json'
  readonly syntax?: Syntax
  readonly cpu?: CpuLevel
  readonly endianness: Endianness
}

interface DisasmOptions {
  readonly syntax: Syntax
  readonly endianness: Endianness
  readonly json?: boolean
}

/** `asm` and `disasm`. */
export function addAsmCommands(program: Command): void {
  program
    .command('asm')
    .argument('<file>', 'a program in pseudo-C or in mnemonics; - is standard input')
    .description('assemble a BPF program; needs no privilege')
    .option('-o, --output <file>', 'where to write it (default: standard output)')
    .addOption(
      new Option('-f, --format <format>', 'what to write').choices(['bin', 'hex', 'json']).default('bin'),
    )
    .addOption(syntaxOption('its syntax (default: found out from the text)'))
    .option(
      '--cpu <level>',
      'replace or refuse instructions above this CPU level, 1 to 4 (default: take all)',
      cpuLevel,
    )
    .addOption(endiannessOption())
    .action(runAsm)

  program
    .command('disasm')
    .argument('<file>', 'the bytes of a program, raw or as hexadecimal digits; - is standard input')
    .description('print a BPF program’s bytes as text that asm takes')
    .addOption(syntaxOption('how to print it').default('pseudo-c'))
    .addOption(endiannessOption())
    .option('--json', 'print the instructions as JSON')
    .action(runDisasm)
}

async function runAsm(file: string, options: AsmOptions): Promise<void> {
  const { assembleText } = await import('../../asm/text/assemble-text.ts')
  const { cpu, syntax, endianness, format } = options
  const text = Buffer.from(await readInput(file)).toString('utf8')
  const assembled = assembleText(text, {
    file: inputName(file),
    endianness,
    unreachable: 'report',
    ...(cpu === undefined ? undefined : { cpu }),
    ...(syntax === undefined ? undefined : { syntax }),
  })
  await writeOutput(await encoded(assembled, format, endianness), options.output)
  for (const warning of warnings(assembled, format === 'json'))
    process.stderr.write(`${style('yellow', 'warning:', process.stderr)} ${warning}\n`)
}

async function encoded(
  { instructions }: Assembled,
  format: AsmOptions['format'],
  endianness: Endianness,
): Promise<Uint8Array | string> {
  if (format === 'bin') return (await import('../../asm/isa/encode.ts')).encode(instructions, endianness)
  const { hexListing, jsonListing } = await import('../../asm/text/listing.ts')
  if (format === 'hex') return hexListing(instructions, endianness)
  return `${JSON.stringify(jsonListing(instructions), undefined, 2)}\n`
}

/** What the kernel would not take as it is, though it could be written. */
function warnings({ instructions, unreachable }: Assembled, keepsNames: boolean): string[] {
  const found: string[] = []
  const [first] = unreachable
  if (first !== undefined) {
    const source = instructions[first]?.source
    const where = source === undefined ? '' : `${source.file}:${source.line}: `
    const count = unreachable.length === 1 ? 'an instruction' : `${unreachable.length} instructions`
    found.push(`${where}no path reaches ${count}; the kernel refuses such a program`)
  }
  const names = new Set(
    instructions.flatMap(({ symbol }) =>
      symbol?.kind === 'map' || symbol?.kind === 'kfunc' ? [`${symbol.kind} ${symbol.name}`] : [],
    ),
  )
  if (names.size > 0 && !keepsNames)
    found.push(`a loader must fill in the numbers of ${[...names].join(', ')}; in the bytes they are 0`)
  return found
}

async function runDisasm(file: string, { syntax, endianness, json }: DisasmOptions): Promise<void> {
  const { decode } = await import('../../asm/isa/decode.ts')
  const instructions = decode(programBytes(await readInput(file)), endianness)
  if (json === true) {
    const { jsonListing } = await import('../../asm/text/listing.ts')
    process.stdout.write(`${JSON.stringify(jsonListing(instructions), undefined, 2)}\n`)
    return
  }
  const { programText } = await import('../../asm/text/program-text.ts')
  process.stdout.write(programText(instructions, { syntax }))
}

function syntaxOption(description: string): Option {
  return new Option('-s, --syntax <syntax>', description).choices([...syntaxes])
}

function endiannessOption(): Option {
  return new Option('--endianness <order>', 'byte order of the machine that runs it')
    .choices(['little', 'big'])
    .default('little')
}

function cpuLevel(text: string): CpuLevel {
  const level = Number(text.replace(/^v/, ''))
  if (level === 1 || level === 2 || level === 3 || level === 4) return level
  throw new InvalidArgumentError('It must be 1, 2, 3 or 4.')
}
