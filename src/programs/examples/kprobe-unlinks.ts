import { kernelType, member, pointer } from '../../asm/dsl/kernel/kernel-type.ts'
import { array } from '../../asm/dsl/map/definition.ts'
import { kprobe } from '../../asm/dsl/program/kprobe.ts'
import { u32, u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

const Inode = kernelType('inode', { number: member('i_ino', u64) })
const Entry = kernelType('dentry', { inode: pointer(() => Inode, 'd_inode') })

/** The file that each process has removed last, by the low 16 bits of its number. */
export const unlinks = array('unlinks', struct('unlink', { pid: u32, files: u32, inode: u64 }), {
  maxEntries: 65_536,
})

/** Notes who removes which files; arguments come from registers, whatever the machine's architecture. */
export const kprobeUnlinks = kprobe(
  'note_unlinks',
  { function: 'vfs_unlink', parameters: { idmap: u64, directory: Inode, entry: Entry } },
  (b, { entry }) => {
    const pid = b.helpers.get_current_pid_tgid().shr(32).toU32()
    const unlink = b.lookup(unlinks, pid.and(0xffff), { otherwise: 0 })
    b.assign(unlink, { pid, files: unlink.files.add(1), inode: entry.inode.number })
    b.return(0)
  },
)
