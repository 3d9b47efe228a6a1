import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Btf } from '../../asm/btf/reader.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { nearest } from '../../asm/diagnostics/nearest.ts'
import { NotFoundError } from '../../programs/load-balancer/control/errors.ts'

interface TypesOptions {
  readonly format: 'ts' | 'c'
  readonly btf?: string
  readonly btfBase?: string
}

/** `types`. */
export function addTypesCommand(program: Command): void {
  program
    .command('types')
    .description(
      'write the kernel’s types as TypeScript declarations for programs, or as C; needs no privilege',
    )
    .argument('<names...>', 'structs, unions, enums or typedefs; with --format c functions too')
    .addOption(new Option('-f, --format <format>', 'how').choices(['ts', 'c']).default('ts'))
    .option('--btf <file>', 'a file of types (BTF), instead of those of the running kernel')
    .option('--btf-base <file>', 'what the types of --btf continue, when they are a kernel module’s')
    .addHelpText('after', '\nExample:\n  tsbpf-lb types nf_conn iphdr > kernel.ts')
    .action(async (names: string[], options: TypesOptions) => {
      process.stdout.write(await describeTypes(names, options))
    })
}

async function describeTypes(
  names: readonly string[],
  { format, btf: file, btfBase }: TypesOptions,
): Promise<string> {
  const sources: readonly [Btf, ...Btf[]] =
    file === undefined ? await kernelSources() : [await typesIn(file, btfBase)]
  const wanted = names.map((name) => name.replace(/^(struct|union|enum)\s+/, ''))
  const btf = sources.find((source) => wanted.every((name) => idOf(source, name) !== undefined)) ?? sources[0]
  const ids = wanted.map((name) => idOf(btf, name) ?? missing(sources, name))
  const { renderC } = await import('../../asm/btf/render/c.ts')
  const { renderTypeScript } = await import('../../asm/btf/render/typescript.ts')
  const text = format === 'c' ? renderC(btf, ids) : renderTypeScript(btf, ids)
  return `// Written by: tsbpf-lb types${format === 'c' ? ' --format c' : ''} ${names.join(' ')}\n${text}`
}

/** Data types before functions and variables of the same name. */
function idOf(btf: Btf, name: string): number | undefined {
  for (const kind of ['struct', 'union', 'enum', 'enum64', 'typedef', 'func'] as const) {
    const id = btf.findByName(name, kind)
    if (id !== undefined) return id
  }
  return undefined
}

/** The running kernel's types, then those of its modules, which contain the kernel's. */
async function kernelSources(): Promise<[Btf, ...Btf[]]> {
  const { likelyFirst, runningKernelTypes } = await import('../../loader/kernel/vmlinux-btf.ts')
  if (process.platform !== 'linux')
    throw new TsbpfError('NOT_LINUX', `${process.platform} has no kernel types to read`, {
      hint: 'Name a file with --btf: on Linux it is /sys/kernel/btf/vmlinux.',
    })
  const kernel = runningKernelTypes()
  return [kernel.vmlinux, ...likelyFirst(kernel.moduleNames()).map((name) => kernel.module(name))]
}

async function typesIn(file: string, base: string | undefined): Promise<Btf> {
  const { Btf } = await import('../../asm/btf/reader.ts')
  return Btf.parse(read(file), base === undefined ? undefined : Btf.parse(read(base)))
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new NotFoundError(`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function missing(sources: readonly Btf[], name: string): never {
  if (sources.some((source) => idOf(source, name) !== undefined))
    throw new NotFoundError(
      `"${name}" is not in the same module as the other types`,
      'Ask for the types of different kernel modules one after the other.',
    )
  const near = nearest(name, sources.flatMap(dataTypeNames))
  throw new NotFoundError(
    `there is no type "${name}"`,
    near.length > 0
      ? `Did you mean ${near.join(', ')}?`
      : 'Types of a kernel module are there while the module is loaded.',
  )
}

function dataTypeNames(btf: Btf): string[] {
  const kinds = new Set<string>(['struct', 'union', 'enum', 'enum64', 'typedef'])
  const names: string[] = []
  for (let id = btf.firstId; id <= btf.typeCount; id++) {
    if (!kinds.has(btf.kind(id))) continue
    const type = btf.type(id)
    if ('name' in type && type.name !== '') names.push(type.name)
  }
  return names
}
