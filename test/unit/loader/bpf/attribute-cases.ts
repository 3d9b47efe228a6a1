import * as link from '../../../../src/loader/bpf/link-commands.ts'
import * as map from '../../../../src/loader/bpf/map-commands.ts'
import * as object from '../../../../src/loader/bpf/object-commands.ts'
import * as program from '../../../../src/loader/bpf/program-commands.ts'
import type { BpfSyscall } from '../../../../src/loader/bpf/syscall.ts'

/** A field of `union bpf_attr`: where it lies, how wide it is, and what must be in it. */
export type Field = readonly [offset: number, size: number, value: number | bigint | string | Uint8Array]

/** One command and the attribute it must make; bytes outside the fields are zero. */
export interface AttributeCase {
  readonly name: string
  readonly issue: (bpf: BpfSyscall) => unknown
  /** By the names of include/uapi/linux/bpf.h; a Uint8Array stands for a pointer to these bytes. */
  readonly fields: Readonly<Record<string, Field>>
}

const handle = { fd: 3, what: 'map "m"' }
const key = Uint8Array.of(1, 2, 3, 4)
const value = Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12)
const element = { map_fd: [0, 4, 3], key: [8, 8, key] } as const
const text = (string: string) => new TextEncoder().encode(`${string}\0`)
const batch = { keys: key, values: value, count: 1 }
const batchFields = {
  'batch.keys': [16, 8, key],
  'batch.values': [24, 8, value],
  'batch.count': [32, 4, 1],
  'batch.map_fd': [36, 4, 3],
} as const

/** Offsets from include/uapi/linux/bpf.h, as gcc lays the union out; the kernel tests compare them with BTF. */
export const attributeCases: readonly AttributeCase[] = [
  {
    name: 'BPF_MAP_CREATE',
    issue: (bpf) =>
      map.mapCreate(
        bpf,
        {
          type: 1,
          keySize: 4,
          valueSize: 8,
          maxEntries: 0xffffffff,
          flags: 0x80000001,
          name: 'backends.v1',
          innerMapFd: 21,
          btfFd: 22,
          btfKeyTypeId: 23,
          btfValueTypeId: 24,
        },
        () => '',
      ),
    fields: {
      map_type: [0, 4, 1],
      key_size: [4, 4, 4],
      value_size: [8, 4, 8],
      max_entries: [12, 4, 0xffffffff],
      map_flags: [16, 4, 0x80000001],
      inner_map_fd: [20, 4, 21],
      map_name: [28, 16, 'backends.v1'],
      btf_fd: [48, 4, 22],
      btf_key_type_id: [52, 4, 23],
      btf_value_type_id: [56, 4, 24],
    },
  },
  {
    name: 'BPF_MAP_LOOKUP_ELEM',
    issue: (bpf) => map.mapLookup(bpf, handle, key, value),
    fields: { ...element, value: [16, 8, value] },
  },
  {
    name: 'BPF_MAP_UPDATE_ELEM',
    issue: (bpf) => map.mapUpdate(bpf, handle, key, value, 2),
    fields: { ...element, value: [16, 8, value], flags: [24, 8, 2n] },
  },
  { name: 'BPF_MAP_DELETE_ELEM', issue: (bpf) => map.mapDelete(bpf, handle, key), fields: element },
  {
    name: 'BPF_MAP_LOOKUP_AND_DELETE_ELEM',
    issue: (bpf) => map.mapTake(bpf, handle, key, value),
    fields: { ...element, value: [16, 8, value] },
  },
  {
    name: 'BPF_MAP_GET_NEXT_KEY',
    issue: (bpf) => map.mapNextKey(bpf, handle, key, value),
    fields: { ...element, next_key: [16, 8, value] },
  },
  {
    name: 'BPF_MAP_GET_NEXT_KEY of the first',
    issue: (bpf) => map.mapNextKey(bpf, handle, undefined, value),
    fields: { map_fd: [0, 4, 3], next_key: [16, 8, value] },
  },
  { name: 'BPF_MAP_FREEZE', issue: (bpf) => map.mapFreeze(bpf, handle), fields: { map_fd: [0, 4, 3] } },
  {
    name: 'BPF_MAP_LOOKUP_BATCH',
    issue: (bpf) => map.mapLookupBatch(bpf, handle, Uint8Array.of(1), Uint8Array.of(2), batch),
    fields: {
      'batch.in_batch': [0, 8, Uint8Array.of(1)],
      'batch.out_batch': [8, 8, Uint8Array.of(2)],
      ...batchFields,
    },
  },
  {
    name: 'BPF_MAP_UPDATE_BATCH',
    issue: (bpf) => map.mapUpdateBatch(bpf, handle, batch, 1),
    fields: { ...batchFields, 'batch.elem_flags': [40, 8, 1n] },
  },
  {
    name: 'BPF_MAP_DELETE_BATCH',
    issue: (bpf) => map.mapDeleteBatch(bpf, handle, batch),
    fields: batchFields,
  },
  {
    name: 'BPF_PROG_LOAD',
    issue: (bpf) =>
      program.progLoad(bpf, {
        type: 3,
        name: 'lb_ingress',
        instructions: new Uint8Array(24).fill(0xb7),
        license: 'GPL',
        flags: 4,
        expectedAttachType: 46,
        attachBtfId: 4711,
        attachBtfFd: 12,
        logLevel: 1,
        log: new Uint8Array(256),
        btf: { fd: 9, funcInfo: new Uint8Array(16).fill(1), lineInfo: new Uint8Array(48).fill(2) },
        fdArray: Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0),
      }),
    fields: {
      prog_type: [0, 4, 3],
      insn_cnt: [4, 4, 3],
      insns: [8, 8, new Uint8Array(24).fill(0xb7)],
      license: [16, 8, text('GPL')],
      log_level: [24, 4, 1],
      log_size: [28, 4, 256],
      log_buf: [32, 8, new Uint8Array(256)],
      prog_flags: [44, 4, 4],
      prog_name: [48, 16, 'lb_ingress'],
      expected_attach_type: [68, 4, 46],
      prog_btf_fd: [72, 4, 9],
      func_info_rec_size: [76, 4, 8],
      func_info: [80, 8, new Uint8Array(16).fill(1)],
      func_info_cnt: [88, 4, 2],
      line_info_rec_size: [92, 4, 16],
      line_info: [96, 8, new Uint8Array(48).fill(2)],
      line_info_cnt: [104, 4, 3],
      attach_btf_id: [108, 4, 4711],
      attach_btf_obj_fd: [112, 4, 12],
      fd_array: [120, 8, Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0)],
    },
  },
  {
    name: 'BPF_BTF_LOAD',
    issue: (bpf) => program.btfLoad(bpf, key, value),
    fields: {
      btf: [0, 8, key],
      btf_log_buf: [8, 8, value],
      btf_size: [16, 4, 4],
      btf_log_size: [20, 4, 8],
      btf_log_level: [24, 4, 1],
    },
  },
  {
    name: 'BPF_PROG_TEST_RUN',
    issue: (bpf) =>
      program.progTestRun(
        bpf,
        { fd: 5, dataIn: key, dataOut: value, ctxIn: key, ctxOut: value, repeat: 100, flags: 2 },
        'program',
      ),
    fields: {
      'test.prog_fd': [0, 4, 5],
      'test.data_size_in': [8, 4, 4],
      'test.data_size_out': [12, 4, 8],
      'test.data_in': [16, 8, key],
      'test.data_out': [24, 8, value],
      'test.repeat': [32, 4, 100],
      'test.ctx_size_in': [40, 4, 4],
      'test.ctx_size_out': [44, 4, 8],
      'test.ctx_in': [48, 8, key],
      'test.ctx_out': [56, 8, value],
      'test.flags': [64, 4, 2],
    },
  },
  {
    name: 'BPF_OBJ_PIN',
    issue: (bpf) => object.objectPin(bpf, 6, '/sys/fs/bpf/x', 'map'),
    fields: { pathname: [0, 8, text('/sys/fs/bpf/x')], bpf_fd: [8, 4, 6] },
  },
  {
    name: 'BPF_OBJ_GET',
    issue: (bpf) => object.objectGet(bpf, '/sys/fs/bpf/x'),
    fields: { pathname: [0, 8, text('/sys/fs/bpf/x')] },
  },
  {
    name: 'BPF_MAP_GET_FD_BY_ID',
    issue: (bpf) => object.objectById(bpf, 'map', 7),
    fields: { map_id: [0, 4, 7] },
  },
  {
    name: 'BPF_PROG_GET_FD_BY_ID',
    issue: (bpf) => object.objectById(bpf, 'prog', 7),
    fields: { prog_id: [0, 4, 7] },
  },
  {
    name: 'BPF_LINK_GET_FD_BY_ID',
    issue: (bpf) => object.objectById(bpf, 'link', 7),
    fields: { link_id: [0, 4, 7] },
  },
  {
    name: 'BPF_BTF_GET_FD_BY_ID',
    issue: (bpf) => object.objectById(bpf, 'btf', 7),
    fields: { btf_id: [0, 4, 7] },
  },
  {
    name: 'BPF_OBJ_GET_INFO_BY_FD',
    issue: (bpf) => object.objectInfo(bpf, handle, value),
    fields: { 'info.bpf_fd': [0, 4, 3], 'info.info_len': [4, 4, 8], 'info.info': [8, 8, value] },
  },
  {
    name: 'BPF_LINK_CREATE',
    issue: (bpf) =>
      link.linkCreate(bpf, {
        programFd: 8,
        target: 2,
        attachType: 46,
        flags: 0x28,
        relative: 99,
        expectedRevision: 1n << 40n,
      }),
    fields: {
      'link_create.prog_fd': [0, 4, 8],
      'link_create.target_ifindex': [4, 4, 2],
      'link_create.attach_type': [8, 4, 46],
      'link_create.flags': [12, 4, 0x28],
      'link_create.tcx.relative_id': [16, 4, 99],
      'link_create.tcx.expected_revision': [24, 8, 1n << 40n],
    },
  },
  {
    name: 'BPF_RAW_TRACEPOINT_OPEN',
    issue: (bpf) => link.rawTracepointOpen(bpf, 8, 'sched_switch'),
    fields: {
      'raw_tracepoint.name': [0, 8, text('sched_switch')],
      'raw_tracepoint.prog_fd': [8, 4, 8],
    },
  },
  {
    name: 'BPF_LINK_UPDATE',
    issue: (bpf) => link.linkUpdate(bpf, handle, 11, 12),
    fields: {
      'link_update.link_fd': [0, 4, 3],
      'link_update.new_prog_fd': [4, 4, 11],
      'link_update.flags': [8, 4, 4],
      'link_update.old_prog_fd': [12, 4, 12],
    },
  },
  {
    name: 'BPF_LINK_DETACH',
    issue: (bpf) => link.linkDetach(bpf, handle),
    fields: { 'link_detach.link_fd': [0, 4, 3] },
  },
  {
    name: 'BPF_PROG_QUERY',
    issue: (bpf) => link.progQuery(bpf, 2, 47),
    fields: {
      'query.target_ifindex': [0, 4, 2],
      'query.attach_type': [4, 4, 47],
      'query.prog_ids': [16, 8, new Uint8Array(256)],
      'query.count': [24, 4, 64],
      'query.link_ids': [40, 8, new Uint8Array(256)],
    },
  },
]
