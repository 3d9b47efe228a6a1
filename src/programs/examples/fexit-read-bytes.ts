import { kernelType } from '../../asm/dsl/kernel/kernel-type.ts'
import { array } from '../../asm/dsl/map/definition.ts'
import { fexit } from '../../asm/dsl/program/tracing.ts'
import { s64, u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

const File = kernelType('file', {})
const Any = kernelType('void', {})

/** What was read on the machine, from files of every kind. */
export const reads = array('reads', struct('reads', { calls: u64, bytes: u64, errors: u64 }), {
  maxEntries: 1,
})

/** Counts reads and their bytes, where the kernel function that does them returns. */
export const fexitReadBytes = fexit(
  'read_bytes',
  {
    function: 'vfs_read',
    parameters: { file: File, buffer: Any, count: u64, position: Any },
    returns: s64,
  },
  (b, _, result) => {
    const total = b.lookup(reads, 0, { otherwise: 0 })
    b.if(
      result.lt(0),
      () => b.atomicAdd(total, { errors: 1 }),
      () => b.atomicAdd(total, { calls: 1, bytes: result.toU64() }),
    )
    b.return(0)
  },
)
