/**
 * Numbers of Linux's system calls that Node.js does not know, by their names in C. They are the same on x86-64 and
 * arm64: `test/unit/loader/abi.test.ts` holds each to what is recorded of both. What differs between the two
 * (`O_DIRECTORY`, `O_NOFOLLOW`, …) comes from Node.js, as everything about files does.
 */

/** Address families and kinds of sockets (socket.h of the C library). */
export const AF_UNIX = 1
export const AF_NETLINK = 16
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_CLOEXEC = 0o2000000

/** Socket options (include/uapi/asm-generic/socket.h); SO_NETNS_COOKIE since Linux 5.14. */
export const SOL_SOCKET = 1
export const SO_RCVTIMEO = 20
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33
export const SO_DETACH_BPF = 27
export const SO_ATTACH_BPF = 50
export const SO_NETNS_COOKIE = 71

/** Options of netlink sockets (include/linux/socket.h, include/uapi/linux/netlink.h). */
export const SOL_NETLINK = 270
export const NETLINK_ADD_MEMBERSHIP = 1
export const NETLINK_CAP_ACK = 10
export const NETLINK_EXT_ACK = 11
export const NETLINK_GET_STRICT_CHK = 12

/** Flags of sending and receiving (include/linux/socket.h). */
export const MSG_PEEK = 0x2
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40

/** Memory mappings (include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h). */
export const PROT_READ = 1
export const MAP_PRIVATE = 2

/** Mounts and namespaces (include/uapi/linux/mount.h, include/linux/fs.h, include/uapi/linux/sched.h). */
export const MS_BIND = 4096
export const MS_REC = 16384
export const MS_SHARED = 1 << 20
export const MNT_DETACH = 2
export const CLONE_NEWNET = 0x4000_0000

/** The mount API without a path (include/uapi/linux/mount.h), since Linux 5.2. */
export const FSOPEN_CLOEXEC = 1
export const FSMOUNT_CLOEXEC = 1
export const FSCONFIG_CMD_CREATE = 6

/** Perf events (include/uapi/linux/perf_event.h). */
export const PERF_TYPE_TRACEPOINT = 2
export const PERF_ATTR_SIZE_VER1 = 72
export const PERF_FLAG_FD_CLOEXEC = 8

/** flock(2) (include/uapi/asm-generic/fcntl.h). */
export const LOCK_EX = 2
export const LOCK_NB = 4

/** Error numbers that are part of a protocol (include/uapi/asm-generic/errno-base.h, errno.h). */
export const EINTR = 4
export const EAGAIN = 11
export const ENODEV = 19
export const ENOBUFS = 105
