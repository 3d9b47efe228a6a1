import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { CompileOptions } from '../../asm/ir/compile.ts'
import { type ProgramType, programTypes } from '../../asm/program.ts'
import type { ProgramReport } from '../../asm/report/program-report.ts'
import { InvalidRequestError, NotFoundError } from '../../programs/load-balancer/control/errors.ts'
import type { Translation } from '../../programs/load-balancer/datapath/ingress.ts'
import { type ObserveOptions, observe } from '../inspect/observe.ts'
import { type OpenedProgram, openTarget } from '../inspect/open-target.ts'
import { parseTarget, type Target, targetHelp } from '../inspect/target.ts'

type Format = 'asm' | 'full' | 'hex' | 'json' | 'dot' | 'html'

interface InspectOptions extends ObserveOptions {
  readonly program?: string
  readonly format: Format
  readonly json?: boolean
  readonly output?: string
  readonly translate: Translation
  readonly live?: boolean
  readonly interface?: string
  readonly diff?: boolean
  readonly ir?: boolean
  readonly passes?: string
  readonly type?: ProgramType
}

const defaultProgram = 'lb_ingress'

/** `inspect`. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('look into a program: its bytecode with the source it was compiled from; needs no privilege')
    .argument('[target]', `${targetHelp} (default: ${defaultProgram})`)
    .argument('[other]', 'with --diff: what to compare it with')
    .option('-p, --program <name>', 'a shipped program; or which program of a file')
    .addOption(
      new Option(
        '-f, --format <format>',
        'asm: a listing; full: with blocks, live registers and the stack; hex; json; dot: the control-flow graph for graphviz; html: one page with everything',
      )
        .choices(['asm', 'full', 'hex', 'json', 'dot', 'html'])
        .default('asm'),
    )
    .option('--json', 'everything as one JSON document')
    .option('-o, --output <file>', 'where to, instead of standard output')
    .addOption(
      new Option('--type <type>', 'the program’s type, where the target does not say it').choices(
        Object.keys(programTypes),
      ),
    )
    .option('--run', 'run it in the interpreter and count how often each instruction is executed')
    .option('--packet <hex>', 'the packet for that run')
    .option('--kernel', 'load it, for the verifier’s states and the machine code (needs root)')
    .option('--log <file>', 'the verifier’s states out of a log of level 2')
    .option('--diff', 'compare two targets; or, with --passes, one compiled in two ways')
    .option('--passes <list>', 'compile with these passes: all, none, or names with commas between them')
    .option('--ir', 'print the compiler’s intermediate forms: after the front end, after each pass')
    .addOption(
      new Option('--translate <how>', 'the form in which lb_ingress translates, or netfilter does')
        .choices(['kfunc', 'mark'])
        .default('kfunc'),
    )
    .option('--live', 'lb_ingress as it is attached, rewritten by the verifier (needs root)')
    .option('-i, --interface <name>', 'with --live: the interface it is attached to')
    .action(async (target: string | undefined, other: string | undefined, options: InspectOptions) => {
      const text = await inspect(target, other, options)
      const whole = `${text.replace(/\n+$/, '')}\n`
      if (options.output === undefined || options.output === '-') process.stdout.write(whole)
      else writeFileSync(options.output, whole)
    })
}

async function inspect(
  text: string | undefined,
  other: string | undefined,
  options: InspectOptions,
): Promise<string> {
  if (options.diff === true) return await compare(text, other, options)
  if (other !== undefined)
    throw new InvalidRequestError(`inspect takes one target, got "${other}" too`, 'Compare two with --diff.')
  const live = options.live === true ? await attached(options) : undefined
  const target = live?.target ?? targetOf(text, options)
  if (options.ir === true) return await intermediateForms(target, options)
  const opened = await openTarget(target, openOptions(options, options.passes))
  if (live === undefined) return await render(opened, options)
  const rendered = await render({ ...opened, remarks: [live.remark, ...opened.remarks] }, options)
  return options.format === 'asm' && options.json !== true ? `; ${live.remark}\n${rendered}` : rendered
}

/** `--program` alone names a shipped program, with a file one of its programs. */
function targetOf(text: string | undefined, { program }: InspectOptions): Target {
  if (text === undefined) return { kind: 'shipped', name: program ?? defaultProgram }
  const target = parseTarget(text)
  if (program === undefined) return target
  if (!('program' in target))
    throw new InvalidRequestError(`--program ${program} beside ${text}`, 'It chooses a program of a file.')
  return { ...target, program }
}

function openOptions(
  { translate, type }: InspectOptions,
  passes: string | undefined,
  more: CompileOptions = {},
) {
  return {
    translate,
    type,
    ...((passes !== undefined || more.trace !== undefined) && { passes, trace: more.trace }),
  }
}

async function render(opened: OpenedProgram, options: InspectOptions): Promise<string> {
  const format = options.json === true ? 'json' : options.format
  const { instructions, functions = [], line } = opened.program
  if (format === 'hex') return (await import('../../asm/text/listing.ts')).hexListing(instructions)
  const plain =
    options.run !== true && options.packet === undefined && options.kernel !== true && !options.log
  if (format === 'asm' && plain) {
    const { asmListing } = await import('../../asm/text/listing.ts')
    return asmListing(instructions, {
      ...(line !== undefined && { sourceLine: (file, number) => line(file, number)?.trim() }),
      ...(functions.length > 1 && { functions }),
    })
  }
  const report = await reportOf(opened, options)
  switch (format) {
    case 'json':
      return JSON.stringify(report, undefined, 2)
    case 'dot':
      return (await import('../inspect/dot.ts')).dotGraph(report)
    case 'html':
      return (await import('../inspect/html/page.ts')).htmlPage(report)
    default:
      return (await import('../../asm/report/text.ts')).reportText(report)
  }
}

async function reportOf(opened: OpenedProgram, options: ObserveOptions): Promise<ProgramReport> {
  const { reportOn } = await import('../../asm/report/program-report.ts')
  return reportOn(opened.program, await observe(opened, options))
}

async function compare(
  first: string | undefined,
  second: string | undefined,
  options: InspectOptions,
): Promise<string> {
  if (second === undefined && options.passes === undefined)
    throw new InvalidRequestError(
      '--diff takes two targets, or one and --passes',
      'tsbpf-lb inspect --diff old.o new.o, or tsbpf-lb inspect --diff lb_ingress --passes none',
    )
  const { reportOn } = await import('../../asm/report/program-report.ts')
  const { diffPrograms } = await import('../../asm/report/diff.ts')
  const { diffText } = await import('../inspect/diff-text.ts')
  const open = async (target: Target, passes: string | undefined): Promise<ProgramReport> => {
    const { program } = await openTarget(target, openOptions(options, passes))
    const origin = passes === undefined ? program.origin : `${program.origin}, passes: ${passes}`
    return reportOn({ ...program, origin })
  }
  const target = targetOf(first, options)
  const before = await open(target, second === undefined ? options.passes : undefined)
  const after = await open(
    second === undefined ? target : targetOf(second, options),
    second === undefined ? 'all' : undefined,
  )
  const diff = diffPrograms(before, after)
  return options.json === true || options.format === 'json'
    ? JSON.stringify(diff, undefined, 2)
    : diffText(diff, before, after)
}

async function intermediateForms(target: Target, options: InspectOptions): Promise<string> {
  const stages: { readonly stage: string; readonly text: string }[] = []
  const trace = (stage: string, text: () => string): void => {
    stages.push({ stage, text: text() })
  }
  await openTarget(target, openOptions(options, options.passes, { trace }))
  if (options.json === true || options.format === 'json') return JSON.stringify(stages, undefined, 2)
  return stages.map(({ stage, text }) => `; ${stage}\n${text.trimEnd()}\n`).join('\n')
}

/** The load balancer's program as it is attached, and where and how it is. */
async function attached(options: InspectOptions): Promise<{ target: Target; remark: string }> {
  const { status } = await import('../../programs/load-balancer/control/status.ts')
  const { interfaces } = await status()
  const wanted = options.program ?? defaultProgram
  const found = interfaces.find(
    ({ name, program }) =>
      program?.name === wanted && (options.interface === undefined || name === options.interface),
  )
  if (found?.program == null)
    throw new NotFoundError(
      `no program "${wanted}" is attached${options.interface === undefined ? '' : ` to ${options.interface}`}`,
      '`tsbpf-lb status` shows what is.',
    )
  const { renderTranslation } = await import('../render/balancer.ts')
  const { name, mode, translation } = found
  return {
    target: { kind: 'id', id: found.program.id },
    remark: `${wanted} on ${name} (${mode}); ${renderTranslation(translation)}`,
  }
}
