import { kernelType } from '../../asm/dsl/kernel/kernel-type.ts'
import { array } from '../../asm/dsl/map/definition.ts'
import { tracepoint } from '../../asm/dsl/program/tracepoint.ts'
import { chars } from '../../asm/layout/bytes.ts'
import { s32, u32 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** The record of sched:sched_process_exec, as far as it is read. */
const Exec = kernelType('trace_event_raw_sched_process_exec', { pid: s32 })

/** What each process has started as, by the low 16 bits of its number. */
export const execs = array('execs', struct('exec', { pid: u32, name: chars(16) }), { maxEntries: 65_536 })

/** Notes every program that is started on the machine. */
export const tracepointExecs = tracepoint(
  'note_execs',
  { category: 'sched', name: 'sched_process_exec', record: Exec },
  (b, record) => {
    const exec = b.lookup(execs, record.pid.toU32().and(0xffff), { otherwise: 0 })
    b.assign(exec, { pid: record.pid.toU32() })
    b.helpers.get_current_comm({ to: exec.name })
    b.return(0)
  },
)
