import type { HelperName } from '../../../text/helper-names.ts'
import type { HelperEntry } from './entry.ts'
import {
  control,
  foreignMemory,
  numbers,
  remoteControl,
  strings,
  synchronisation,
  systemCalls,
} from './general.ts'
import { dynamicPointers, elements, events, storage } from './maps.ts'
import {
  checksums,
  driverBuffers,
  forwarding,
  lightweightTunnels,
  socketBuffers,
  synCookies,
} from './packets.ts'
import { messages, socketMaps, socketOptions, sockets, sysctls } from './sockets.ts'
import { currentTask, probes, security } from './tasks.ts'

/**
 * All helper functions of the kernel, by name: what they take and give, who may call them, what they change. Their
 * numbers are in text/helper-names.ts. Since Linux 6.2 no helpers are added: new functions are kfuncs.
 *
 * Sources: the `bpf_func_proto`s and `*_func_proto` functions of Linux 6.18; `bpf_helper_changes_pkt_data`
 * (net/core/filter.c) for what moves packets.
 */
export const helperTable = {
  ...numbers,
  ...control,
  ...synchronisation,
  ...strings,
  ...systemCalls,
  ...remoteControl,
  ...foreignMemory,
  ...elements,
  ...events,
  ...storage,
  ...dynamicPointers,
  ...currentTask,
  ...probes,
  ...security,
  ...socketBuffers,
  ...checksums,
  ...forwarding,
  ...driverBuffers,
  ...lightweightTunnels,
  ...synCookies,
  ...sockets,
  ...socketOptions,
  ...socketMaps,
  ...messages,
  ...sysctls,
} as const satisfies Readonly<Record<HelperName, HelperEntry>>

/** The table's type. */
export type HelperTable = typeof helperTable
