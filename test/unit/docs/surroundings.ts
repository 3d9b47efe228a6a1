// What stands around the examples in the documents: names that they use and nothing in the document declares.
import type { expect as vitestExpect } from 'vitest'
import type {
  ArrayRef,
  BuiltProgram,
  EthernetLayer,
  Int,
  Ipv4Layer,
  LocalVariable,
  Net,
  ProgramBuilder,
  RefOf,
  SkbContext,
  TcpHeader,
  u8,
} from '../../../src/asm/index.ts'
import type { BpfMap } from '../../../src/loader/index.ts'

export declare const b: ProgramBuilder<'sched_cls'>
export declare const skb: SkbContext
export declare const ethernet: EthernetLayer
export declare const ip: Ipv4Layer
export declare const tcp: RefOf<typeof TcpHeader, 'packet'>
export declare const header: RefOf<typeof TcpHeader, 'frame'>
export declare const buffer: ArrayRef<typeof u8, 'frame'>
export declare const address: Net<'be32'>
export declare const backend: Net<'be32'>
export declare const port: Net<'be16'>
export declare const pid: Int<'s32'>
export declare const x: Int<'u32'>
export declare const count: Int<'u32'>
export declare const offset: Int<'u32'>
export declare const at: LocalVariable<'u32'>
export declare const seen: LocalVariable<'u32'>
export declare const sampler: BuiltProgram
export declare const maps: readonly BpfMap[]
export declare const expect: typeof vitestExpect
export declare function visit(turn: Int<'u32'>): void
export declare function onTcp(): void
export declare function onUdp(): void
export declare function onWeb(): void
export declare function onOther(): void
