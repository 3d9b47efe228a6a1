import type { Observations } from '../../asm/report/program-report.ts'
import { InvalidRequestError } from '../../programs/load-balancer/control/errors.ts'
import { readInput } from '../program-files.ts'
import type { OpenedProgram } from './open-target.ts'

/** What is to be seen of a program besides its instructions. */
export interface ObserveOptions {
  /** Run it in the interpreter and count. */
  readonly run?: boolean
  /** The packet for that, as hexadecimal digits. */
  readonly packet?: string
  /** Load it into the running kernel, for the verifier's states and the machine code. */
  readonly kernel?: boolean
  /** A file with a log of the verifier. */
  readonly log?: string
}

/** A TCP SYN from 10.0.0.2:40000 to 10.0.0.1:80 over IPv4 over Ethernet, 60 bytes. */
const defaultPacket =
  '020000000001020000000002080045000028000140004006' +
  '26cd0a0000020a0000019c400050000000010000000050022000' +
  '00000000000000000000'
const defaultPacketName = 'a TCP SYN from 10.0.0.2:40000 to 10.0.0.1:80'

/** Sees what is asked for. @throws {InvalidRequestError} for what this program cannot be seen doing */
export async function observe(opened: OpenedProgram, options: ObserveOptions): Promise<Observations> {
  const { machineCode, remarks } = opened
  const kernel = options.kernel === true ? await seeLoad(opened) : {}
  const run = options.run === true || options.packet !== undefined ? await seeRun(opened, options.packet) : {}
  const log = options.log === undefined ? {} : await readLog(options.log)
  return {
    ...(machineCode !== undefined && { machineCode }),
    ...kernel,
    ...log,
    ...run,
    remarks: [...remarks, ...(kernel.remarks ?? [])],
  }
}

async function seeLoad({ spec, globals }: OpenedProgram): Promise<Observations> {
  if (spec === undefined) throw notRunnable('--kernel')
  const { checkPrivileges } = await import('../../programs/load-balancer/control/privileges.ts')
  const { observeLoad } = await import('../../loader/program/observe-load.ts')
  checkPrivileges()
  return observeLoad(spec, globals)
}

async function seeRun({ spec, globals }: OpenedProgram, packet: string | undefined): Promise<Observations> {
  if (spec === undefined) throw notRunnable('--run')
  const { observeRun } = await import('../../asm/vm/observe-run.ts')
  const bytes = packetBytes(packet ?? defaultPacket)
  const { counts, context, outcome } = observeRun(spec, bytes, globals)
  const given = packet === undefined ? defaultPacketName : `the packet given (${bytes.byteLength} bytes)`
  const what = context ?? given
  return { hits: { run: `one run in the interpreter, maps empty, on ${what}: ${outcome}`, counts } }
}

async function readLog(file: string): Promise<Observations> {
  const { verifierOf } = await import('../../loader/program/observe-load.ts')
  const log = Buffer.from(await readInput(file)).toString('utf8')
  const verifier = verifierOf(log, `the log ${file}`)
  if (verifier.visits.size === 0)
    throw new InvalidRequestError(
      `${file} is no log of the verifier: no line of it shows an instruction`,
      'Take a log of level 2: libbpf’s kernel_log_level, bpftool -d prog load, LoadOptions.logLevel.',
    )
  return { verifier }
}

function notRunnable(option: string): InvalidRequestError {
  return new InvalidRequestError(
    `${option} takes a program whose type is known, and that is not loaded yet`,
    'Bare instructions and unusual sections need --type: --type xdp. A loaded program has been rewritten by the verifier.',
  )
}

function packetBytes(hex: string): Uint8Array {
  const digits = hex.replace(/^0x/i, '').replace(/[\s:]/g, '')
  if (!/^([0-9a-f]{2})+$/i.test(digits))
    throw new InvalidRequestError(
      `--packet "${hex}" is not a sequence of bytes`,
      'Write each byte as two hexadecimal digits, from the Ethernet header on.',
    )
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}
