/**
 * `tsbpf-lb/asm`: write, compile, print and read BPF programs. Pure TypeScript: no system call, any machine.
 */
export { type Assembled, type AssembleOptions, assemble } from './assemble/assembler.ts'
export { AssembleError } from './assemble/errors.ts'
export { branch, type Item, label, plain } from './assemble/items.ts'
export { type AttachSpec, type AttachTarget, type AttachType, attachTypes } from './attach.ts'
export { relocateSplit } from './btf/distilled-base.ts'
export { memberPath, sizeOf as btfSizeOf, withoutFlavour } from './btf/layout.ts'
export { mapBtf } from './btf/layout-types.ts'
export { type ProgramBtf, programBtf } from './btf/program-btf.ts'
export { comparePrototype, describePrototype } from './btf/prototype.ts'
export { Btf } from './btf/reader.ts'
export { renderC } from './btf/render/c.ts'
export { renderTypeScript } from './btf/render/typescript.ts'
export { BtfWriter } from './btf/writer.ts'
export { TsbpfError } from './diagnostics/error.ts'
export type { SourcePosition } from './diagnostics/source-position.ts'
export { ProgramBuilder } from './dsl/builder.ts'
export type { LocalVariable } from './dsl/control/control-flow.ts'
export type { LoopRange } from './dsl/control/loop/range.ts'
export type { LoopOptions, LoopStrategy, WhileOptions } from './dsl/control/loops.ts'
export {
  contextOf,
  pointerTo,
  type Subprogram,
  type SubprogramOptions,
  subprogram,
} from './dsl/control/subprogram.ts'
export type { SwitchCases, SwitchList } from './dsl/control/switch.ts'
export type { Condition } from './dsl/core/condition.ts'
export type { KernelFeatures, Otherwise } from './dsl/core/emitter.ts'
export { BuildError } from './dsl/core/errors.ts'
export type { Int, Net } from './dsl/core/values.ts'
export type { Wide } from './dsl/core/wide.ts'
export type { HelperCalls, HelperMemory } from './dsl/helper/helper-calls.ts'
export type { ObjectCases } from './dsl/helper/helper-objects.ts'
export type { HelperEntry } from './dsl/helper/table/entry.ts'
export { helperTable } from './dsl/helper/table/helper-table.ts'
export { type KernelRef, type KernelType, kernelType, member, pointer } from './dsl/kernel/kernel-type.ts'
export {
  acquired,
  borrowed,
  consumed,
  contextParameter,
  enumeration,
  found,
  type Kfunc,
  kfunc,
  memory,
  sized,
} from './dsl/kernel/kfunc.ts'
export type { SocketHandle, SocketRef, SocketView } from './dsl/kernel/socket.ts'
export {
  BPF_F_CURRENT_NETNS,
  Socket,
  SocketTuple4,
  SocketTuple6,
  TcpSocket,
} from './dsl/kernel/socket-layouts.ts'
export type { SocketCases } from './dsl/kernel/socket-statements.ts'
export {
  ArrayIndex,
  array as arrayMap,
  arrayOfMaps,
  hash as hashMap,
  hashOfMaps,
  lpmTrie,
  lruHash as lruHashMap,
  lruPerCpuHash as lruPerCpuHashMap,
  type MapDefinition,
  type MapOfMapsDefinition,
  perCpuArray as perCpuArrayMap,
  perCpuHash as perCpuHashMap,
  prefixKey,
} from './dsl/map/definition.ts'
export {
  type PerfEventsDefinition,
  perfEvents,
  type RingBufferDefinition,
  ringBuffer,
} from './dsl/map/events.ts'
export { bss, data, type GivenConstants, type GlobalDefinition, rodata } from './dsl/map/global.ts'
export {
  cgroupArray,
  cpuMap,
  deviceHash,
  deviceMap,
  type ObjectMapDefinition,
  programArray,
  socketHash,
  socketMap,
  xdpSocketMap,
} from './dsl/map/objects.ts'
export { bloomFilter, type QueueDefinition, queue, stack } from './dsl/map/queue.ts'
export {
  cgroupStorage,
  inodeStorage,
  type StorageDefinition,
  socketStorage,
  taskStorage,
} from './dsl/map/storage.ts'
export type { Located, Space } from './dsl/memory/location.ts'
export type { ArrayRef, Ref, RefOf } from './dsl/memory/reference.ts'
export type { ChecksumChange } from './dsl/packet/checksum-change.ts'
export type { EthernetLayer, Ipv4Layer, Ipv6Layer } from './dsl/packet/layers.ts'
export type { ByteCount, Packet } from './dsl/packet/packet.ts'
export type { ArgumentsOf, Parameters } from './dsl/program/arguments.ts'
export {
  CGROUP_ALLOW,
  CGROUP_REJECT,
  type CgroupSkbContext,
  cgroupSkb,
} from './dsl/program/cgroup-skb.ts'
export { type CgroupSockContext, cgroupSock, type SocketEvent } from './dsl/program/cgroup-sock.ts'
export { cgroupSockAddr, type SockAddrCall, type SockAddrContext } from './dsl/program/cgroup-sock-addr.ts'
export {
  ETH_P_IP,
  ETH_P_IPV6,
  SkBuff,
  type SkbContext,
  TC_ACT_OK,
  TC_ACT_SHOT,
  TCX_NEXT,
  TcContext,
} from './dsl/program/context.ts'
export type { ContextHandle, ContextRef, ContextType, PacketContext } from './dsl/program/context-ref.ts'
export { kprobe, kretprobe, type ProbedFunction } from './dsl/program/kprobe.ts'
export { lsm, type SecurityHook } from './dsl/program/lsm.ts'
export { type BuildOptions, type BuiltProgram, type ProgramOptions, tc } from './dsl/program/program.ts'
export { SK_DROP, SK_PASS, type SkLookupContext, skLookup } from './dsl/program/sk-lookup.ts'
export { type SocketFilterContext, socketFilter } from './dsl/program/socket-filter.ts'
export { syscall } from './dsl/program/syscall.ts'
export {
  type RawTracepoint,
  rawTracepoint,
  type Tracepoint,
  tpBtf,
  tracepoint,
} from './dsl/program/tracepoint.ts'
export { fentry, fexit, fmodRet, type ReturningFunction, type TracedFunction } from './dsl/program/tracing.ts'
export {
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
  XDP_TX,
  type XdpContext,
  XdpContextType,
  XdpMd,
  xdp,
} from './dsl/program/xdp.ts'
export { type ObjectOptions, programObject } from './elf/program-object.ts'
export { type BpfObject, type ObjectProgram, objectProgramSpec, readObject } from './elf/read/object.ts'
export type { CompileOptions, Trace } from './ir/compile.ts'
export { type PassSelection, parsePasses, passes } from './ir/pipeline.ts'
export * from './isa/alu.ts'
export * from './isa/call.ts'
export { cpuLevelOf } from './isa/cpu-level.ts'
export { decode } from './isa/decode.ts'
export { type Endianness, encode, slotCount } from './isa/encode.ts'
export { annotate } from './isa/fields.ts'
export type { Instruction, SymbolReference } from './isa/instruction.ts'
export * from './isa/jump.ts'
export * from './isa/load-imm64.ts'
export * from './isa/memory.ts'
export type { CpuLevel } from './isa/opcodes.ts'
export * from './isa/registers.ts'
export { type BitsType, bits } from './layout/bits.ts'
export { type BytesType, bytes, type CharsType, chars } from './layout/bytes.ts'
export type { Codec } from './layout/codec.ts'
export { SpinLock, Timer } from './layout/kernel-owned.ts'
export { be16, be32, be64, s8, s16, s32, s64, u8, u16, u32, u64 } from './layout/scalar.ts'
export {
  array,
  codecOf,
  type StructType,
  struct,
  type UnionType,
  union,
  type ValueOf,
} from './layout/struct.ts'
export { be128 } from './layout/wide.ts'
export * from './packet/ethernet.ts'
export * from './packet/icmp.ts'
export * from './packet/ipv4.ts'
export * from './packet/ipv6.ts'
export * from './packet/transport.ts'
export * from './packet/tunnel.ts'
export type {
  FunctionParameter,
  FunctionPrototype,
  FunctionSpec,
  KfuncSpec,
  MapSpec,
  MapType,
  ProgramSpec,
  ProgramType,
} from './program.ts'
export { assembleText } from './text/assemble-text.ts'
export { asmListing, hexListing, jsonListing } from './text/listing.ts'
export { mnemonic } from './text/mnemonic.ts'
export { ParseError } from './text/parse/errors.ts'
export { type ParsedText, type ParseOptions, parse } from './text/parse/parse.ts'
export { type ProgramTextOptions, programText } from './text/program-text.ts'
export { pseudoC } from './text/pseudo-c.ts'
export type { Syntax } from './text/syntax.ts'
export { VmError } from './vm/errors.ts'
export { Machine, type MachineOptions } from './vm/machine.ts'
export { VmMaps } from './vm/map/maps.ts'
export { runTc, TcMachine, type TcOptions, type TcResult } from './vm/run-tc.ts'
export { runXdp, type XdpOptions, type XdpResult } from './vm/run-xdp.ts'
