import { kernelType, pointer } from '../../asm/dsl/kernel/kernel-type.ts'
import { array } from '../../asm/dsl/map/definition.ts'
import { tpBtf } from '../../asm/dsl/program/tracepoint.ts'
import { s32, u32 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

const Parent = kernelType('task_struct', { tgid: s32 })
const Task = kernelType('task_struct', { tgid: s32, parent: pointer(() => Parent, 'real_parent') })

/** Who has started each process, by the low 16 bits of its number. */
export const parents = array('parents', struct('start', { pid: u32, parent: u32 }), { maxEntries: 65_536 })

/** Notes who starts which program; the kernel's own structs are read like any other. */
export const tpBtfParents = tpBtf(
  'note_parents',
  { tracepoint: 'sched_process_exec', parameters: { task: Task } },
  (b, { task }) => {
    const start = b.lookup(parents, task.tgid.toU32().and(0xffff), { otherwise: 0 })
    b.assign(start, { pid: task.tgid.toU32(), parent: task.parent.tgid.toU32() })
    b.return(0)
  },
)
