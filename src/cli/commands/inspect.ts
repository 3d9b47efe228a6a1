import { type Command, Option } from 'commander'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { NotFoundError } from '../../programs/load-balancer/control/errors.ts'
import type { Translation } from '../../programs/load-balancer/datapath/ingress.ts'

type Format = 'asm' | 'hex' | 'json'

interface InspectOptions {
  readonly program: string
  readonly format: Format
  readonly translate: Translation
  readonly live?: boolean
  readonly interface?: string
}

/** `inspect`. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('print a program’s bytecode, with the TypeScript it was compiled from; needs no privilege')
    .option('-p, --program <name>', 'which program', 'lb_ingress')
    .addOption(new Option('-f, --format <format>', 'how').choices(['asm', 'hex', 'json']).default('asm'))
    .addOption(
      new Option('--translate <how>', 'the form in which the program translates, or netfilter does')
        .choices(['kfunc', 'mark'])
        .default('kfunc'),
    )
    .option('--live', 'what the kernel has loaded, as the verifier rewrote it (needs root)')
    .option('-i, --interface <name>', 'with --live: the interface it is attached to')
    .action(async (options: InspectOptions) => {
      const text = options.live === true ? await showLive(options) : await showCompiled(options)
      process.stdout.write(`${text.replace(/\n+$/, '')}\n`)
    })
}

async function showCompiled({ program, format, translate }: InspectOptions): Promise<string> {
  const { FileSourceText } = await import('../../loader/source-text.ts')
  const { locateSource } = await import('../../loader/program/locate-source.ts')
  const { shippedProgram } = await import('../../programs/shipped.ts')
  const compile = shippedProgram(program)
  const source = new FileSourceText()
  const { instructions } = locateSource(compile({ translate }), source)
  return await show(instructions, format, (file, line) => source.line(file, line)?.trim())
}

async function showLive(options: InspectOptions): Promise<string> {
  const { status } = await import('../../programs/load-balancer/control/status.ts')
  const { BpfProgram } = await import('../../loader/program/program.ts')
  const { translatedInstructions } = await import('../../loader/program/translated.ts')
  const { interfaces } = await status()
  const found = interfaces.find(
    ({ name, program }) =>
      program?.name === options.program && (options.interface === undefined || name === options.interface),
  )
  using program = found?.program == null ? undefined : BpfProgram.openId(found.program.id)
  if (program === undefined)
    throw new NotFoundError(
      `no program "${options.program}" is attached${options.interface === undefined ? '' : ` to ${options.interface}`}`,
      '`tsbpf-lb status` shows what is.',
    )
  const listing = await show(translatedInstructions(program), options.format)
  if (options.format !== 'asm' || found === undefined) return listing
  const { renderTranslation } = await import('../render/balancer.ts')
  const { name, mode, translation } = found
  return `; ${options.program} on ${name} (${mode}); ${renderTranslation(translation)}\n${listing}`
}

async function show(
  instructions: readonly Instruction[],
  format: Format,
  sourceLine?: (file: string, line: number) => string | undefined,
): Promise<string> {
  const { asmListing, hexListing, jsonListing } = await import('../../asm/text/listing.ts')
  if (format === 'hex') return hexListing(instructions)
  if (format === 'json') return JSON.stringify(jsonListing(instructions), undefined, 2)
  return asmListing(instructions, sourceLine === undefined ? {} : { sourceLine })
}
