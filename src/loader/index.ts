/** `tsbpf-lb/loader`: load programs into the running kernel, attach them, read and write their maps. Linux only. */
export { formatIp, parseIp } from './address/ip.ts'
export { type AddressRange, addressRange } from './address/prefix.ts'
export { ensureBpffs, listPins, makePinDirectory, removePinDirectory, unpin } from './bpf/bpffs.ts'
export {
  createMap,
  createMapOfMaps,
  createObjectMap,
  createPerCpuMap,
  createStorage,
} from './bpf/create-map.ts'
export { BpfGlobal, createGlobal } from './bpf/global.ts'
export { BpfMap, type MapCodecs } from './bpf/map.ts'
export { perCpu } from './bpf/per-cpu-codec.ts'
export { BpfQueue, createQueue } from './bpf/queue.ts'
export { createRingBuffer, openRingBuffer, RingBuffer } from './bpf/ring-buffer.ts'
export { AttachTargetError } from './kernel/attach-target-error.ts'
export { hasFeature, probeFeatures, requireFeature } from './kernel/features.ts'
export { kernelFeatures } from './kernel/loop-features.ts'
export { UnsupportedFeatureError } from './kernel/unsupported-feature-error.ts'
export { runningKernelTypes } from './kernel/vmlinux-btf.ts'
export { NetlinkSocket } from './netlink/core/socket.ts'
export { getLink, type Link, listLinks } from './netlink/route/links.ts'
export { type AttachableProgram, BpfLink } from './program/link.ts'
export { attachCgroup, type CgroupAttachment } from './program/link-cgroup.ts'
export { attachNamespace } from './program/link-netns.ts'
export { attachKprobe, attachTracepoint } from './program/link-perf-event.ts'
export { attachTcx, queryTcx } from './program/link-tcx.ts'
export { attachTracing } from './program/link-tracing.ts'
export { attachXdp, type XdpAttachment, type XdpMode } from './program/link-xdp.ts'
export { type LoadOptions, loadProgram } from './program/load.ts'
export { BpfProgram } from './program/program.ts'
export { attachSocketFilter, detachSocketFilter } from './program/socket-filter.ts'
export { FileSourceText } from './source-text.ts'
export { VerifierError } from './verifier/error.ts'
