import { annotate } from '../../asm/isa/fields.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import type { Observations } from '../../asm/report/program-report.ts'
import { slotStarts } from '../../asm/text/target-names.ts'
import { BpfMap } from '../bpf/map.ts'
import { VerifierError } from '../verifier/error.ts'
import { parseVerifierLog } from '../verifier/log.ts'
import { readVerifierStates } from '../verifier/states.ts'
import { loadProgram } from './load.ts'
import { readMachineCode } from './loaded-program.ts'

/**
 * Loads a program to see what the kernel makes of it, and drops it again: the verifier's states, and the machine code of
 * each instruction. The kernel relates machine code to source lines only; so the program is loaded with a line record
 * for every instruction, whose line number is the instruction's slot.
 *
 * @param globals initial contents of maps that hold global variables
 * @returns what was seen; of a program that the verifier rejects, what it knew up to there
 * @throws {MissingPrivilegeError} for want of CAP_BPF and its like
 */
export function observeLoad(
  spec: ProgramSpec,
  globals: ReadonlyMap<string, Uint8Array> = new Map(),
): Pick<Observations, 'verifier' | 'machineCode' | 'remarks'> {
  const slots = slotStarts(spec.instructions)
  const numbered = spec.instructions.map((instruction, index) =>
    annotate(instruction, { source: { file: 'slots', line: (slots[index] ?? 0) + 1, column: 1 } }),
  )
  const maps: BpfMap[] = []
  try {
    for (const map of spec.maps) {
      const made = BpfMap.create(map)
      maps.push(made)
      const contents = globals.get(map.name)
      if (contents !== undefined) made.set(new Uint8Array(4), contents)
    }
    using program = loadProgram(
      { ...spec, instructions: numbered },
      {
        maps,
        logLevel: 2,
        sourceText: { locate: (position) => position, line: () => undefined },
      },
    )
    const { machineCode, remark } = readMachineCode(program.details(), ({ line }) => line - 1)
    return {
      verifier: verifierOf(program.log, 'loaded into the running kernel'),
      ...(machineCode !== undefined && { machineCode }),
      remarks: remark === undefined ? [] : [remark],
    }
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    return {
      verifier: verifierOf(error.log, 'rejected by the running kernel'),
      remarks: [`The verifier rejects the program: ${error.reason.join('; ')}`],
    }
  } finally {
    for (const map of maps) map.close()
  }
}

/** The states in a log, and where it is from. */
export function verifierOf(log: string, origin: string): NonNullable<Observations['verifier']> {
  return { origin, processed: parseVerifierLog(log).processed, visits: readVerifierStates(log) }
}
