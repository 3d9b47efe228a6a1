import { mapBtf } from '../../asm/btf/layout-types.ts'
import { hasKernelOwned } from '../../asm/layout/kernel-owned.ts'
import type { MapSpec } from '../../asm/program.ts'
import { bpfError } from './error.ts'
import { Fd } from './fd.ts'
import { BpfMap, type MapCodecs } from './map.ts'
import { isStorage } from './map-spec-check.ts'
import { btfLoad } from './program-commands.ts'
import { type BpfSyscall, kernelBpf } from './syscall.ts'

const typesNeeded =
  'The kernel finds locks, timers and storage by the types of the value: it must take BTF (5.2+).'

/**
 * Creates a map together with the types of its keys and values, as far as its specification has their layout:
 * `bpftool map dump` then shows field names. A kernel that does not take the types gets the map without them.
 *
 * @throws as {@link BpfMap.create}
 */
export function createMapWithTypes<K, V>(
  spec: MapSpec,
  codecs: MapCodecs<K, V>,
  bpf: BpfSyscall = kernelBpf,
): BpfMap<K, V> {
  const types = mapBtf(spec)
  const number = types === undefined ? -1 : btfLoad(bpf, types.btf)
  const needed = spec.layout !== undefined && (hasKernelOwned(spec.layout.value) || isStorage(spec.type))
  if (types !== undefined && number < 0 && needed)
    throw bpfError('BPF_BTF_LOAD', -number, `load the types of map "${spec.name}"`, typesNeeded)
  if (types === undefined || number < 0) return BpfMap.create(spec, codecs, { bpf })
  // The kernel's map keeps the types for as long as it lives.
  const fd = new Fd(number, `types of map "${spec.name}"`, bpf)
  const { keyTypeId, valueTypeId } = types
  try {
    return BpfMap.create(spec, codecs, { bpf, btf: { fd, keyTypeId, valueTypeId } })
  } catch (error) {
    if (needed) throw error
    // They are a convenience: if the map cannot be created without them either, that error is the one to report.
    return BpfMap.create(spec, codecs, { bpf })
  } finally {
    fd.close()
  }
}
