/**
 * The conntrack mark of the balancer's connections: it says that an entry is ours and which backend it goes to, so
 * that user space can list and delete a backend's connections with the kernel's own filter.
 */

/** The high byte of a mark that is ours. */
export const markPrefix = 0x1b00_0000
/** The bits that must equal {@link markPrefix}. */
export const markPrefixMask = 0xff00_0000
/** The bits that hold the backend's index. */
export const markBackendMask = 0x00ff_ffff
