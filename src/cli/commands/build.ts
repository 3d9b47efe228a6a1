import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import { InvalidRequestError } from '../../programs/load-balancer/control/errors.ts'
import { exportedPrograms } from '../program-modules.ts'

interface BuildOptions {
  readonly output?: string
  readonly shipped?: string
  readonly btf?: string
}

/** `build`. */
export function addBuildCommand(program: Command): void {
  program
    .command('build')
    .description('write programs as a BPF ELF object, for libbpf, bpftool, tc and ip; needs no privilege')
    .argument('[module]', 'a .js or .mjs module (from Node 22.18 on a .ts one too): every program it exports')
    .option('-o, --output <file>', 'where to; - for standard output (default: the module’s name with .o)')
    .option('--shipped <name>', 'a program that comes with this package, instead of a module')
    .option('--btf <file>', 'a kernel’s types, for members that are pointers or enums there')
    .action(async (module: string | undefined, options: BuildOptions) => {
      if ((module === undefined) === (options.shipped === undefined))
        throw new InvalidRequestError(
          'build takes either a module or --shipped',
          'tsbpf-lb build program.js -o program.o, or tsbpf-lb build --shipped lb_ingress -o lb.o',
        )
      const specs =
        module === undefined ? await compileShipped(options.shipped ?? '') : await exportedPrograms(module)
      const object = await writeObject(specs, options.btf)
      const output = options.output ?? `${options.shipped ?? module?.replace(/\.[cm]?[jt]s$/, '')}.o`
      if (output === '-') process.stdout.write(object)
      else writeFileSync(output, object)
    })
}

async function compileShipped(name: string): Promise<ProgramSpec[]> {
  const { shippedProgram } = await import('../../programs/shipped.ts')
  return [(await shippedProgram(name))()]
}

async function writeObject(specs: readonly ProgramSpec[], btfFile: string | undefined): Promise<Uint8Array> {
  const { programObject } = await import('../../asm/elf/program-object.ts')
  const { Btf } = await import('../../asm/btf/reader.ts')
  const { locateSource } = await import('../../loader/program/locate-source.ts')
  const { FileSourceText } = await import('../../loader/source-text.ts')
  const source = new FileSourceText()
  return programObject(
    specs.map((spec) => locateSource(spec, source)),
    {
      lineText: (file, line) => source.line(file, line),
      ...(btfFile !== undefined && { kernel: Btf.parse(readTypes(btfFile)) }),
    },
  )
}

function readTypes(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new TsbpfError('NOT_FOUND', `cannot read ${file}`, { cause })
  }
}
