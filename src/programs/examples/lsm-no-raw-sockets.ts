import { lsm } from '../../asm/dsl/program/lsm.ts'
import type { BuiltProgram } from '../../asm/dsl/program/program.ts'
import { s32 } from '../../asm/layout/scalar.ts'

/** SOCK_RAW (include/linux/net.h), and the part of a socket's type that is not flags. */
const rawSocket = 3
const typeMask = 0xf
/** EPERM (include/uapi/asm-generic/errno-base.h). */
const notPermitted = 1

/** A policy: the processes of a user may make no raw sockets, whatever their capabilities. */
export function lsmNoRawSockets(uid: number): BuiltProgram {
  const parameters = { family: s32, type: s32, protocol: s32, kernel: s32 }
  return lsm('no_raw_sockets', { hook: 'socket_create', parameters }, (b, { type, kernel }, previous) => {
    b.if(previous.ne(0), () => b.return(previous))
    b.if(kernel.ne(0).or(type.and(typeMask).ne(rawSocket)), () => b.return(0))
    b.if(b.helpers.get_current_uid_gid().toU32().eq(uid), () => b.return(-notPermitted))
    b.return(0)
  })
}
