import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { type Codec, rawCodec } from '../../asm/layout/codec.ts'
import { type MapSpec, type MapType, mapTypes, updateFlags } from '../../asm/program.ts'
import { Fd } from './fd.ts'
import { type MapInfo, mapInfo } from './info.ts'
import {
  type MapHandle,
  mapCreate,
  mapDelete,
  mapFreeze,
  mapLookup,
  mapTake,
  mapUpdate,
} from './map-commands.ts'
import { readEntries, writeEntries } from './map-entries.ts'
import {
  checkMapSpec,
  MapMismatchError,
  mapDifferences,
  mapTypeName,
  transferSize,
} from './map-spec-check.ts'
import { objectById, objectPin } from './object-commands.ts'
import { openAs } from './open-object.ts'
import { possibleCpus } from './possible-cpus.ts'
import { type BpfSyscall, kernelBpf } from './syscall.ts'

/** How a map's keys and values are turned into bytes. In per-CPU maps wrap the value's codec in `perCpu()`. */
export interface MapCodecs<K, V> {
  readonly key: Codec<K>
  readonly value: Codec<V>
}

/** What {@link BpfMap.create} can be told besides the map's specification. */
export interface MapCreateOptions {
  /** BTF that describes keys and values, so that `bpftool map dump` shows field names. */
  readonly btf?: { readonly fd: Fd; readonly keyTypeId: number; readonly valueTypeId: number }
  /** The kernel to talk to; the running one when absent. */
  readonly bpf?: BpfSyscall
}

/** What {@link BpfMap.set} may do: anything, only add, only replace. */
export type UpdateMode = keyof typeof updateFlags

/**
 * A map of the running kernel. Owns its file descriptor: call {@link close}, or declare it with `using`. The kernel's
 * map lives on while a program uses it or a pin names it.
 */
export class BpfMap<K = Uint8Array, V = Uint8Array> {
  readonly spec: MapSpec
  readonly fd: Fd
  readonly #bpf: BpfSyscall
  readonly #codecs: MapCodecs<K, V>

  private constructor(spec: MapSpec, fd: Fd, codecs: MapCodecs<K, V>, bpf: BpfSyscall) {
    this.spec = spec
    this.fd = fd
    this.#codecs = codecs
    this.#bpf = bpf
  }

  /**
   * Creates a map. Without codecs keys and values are bytes, in per-CPU maps those of all CPUs.
   *
   * @throws {TsbpfError} `MAP_SPEC` when no kernel would take the specification, `MAP_CODEC` when a codec's size
   * does not fit it
   * @throws {BpfError} when the kernel refuses, {@link MissingPrivilegeError} for want of CAP_BPF
   */
  static create(spec: MapSpec, codecs?: undefined, options?: MapCreateOptions): BpfMap
  static create<K, V>(spec: MapSpec, codecs: MapCodecs<K, V>, options?: MapCreateOptions): BpfMap<K, V>
  static create<K, V>(
    spec: MapSpec,
    codecs?: MapCodecs<K, V>,
    { bpf = kernelBpf, btf }: MapCreateOptions = {},
  ): BpfMap<K, V> | BpfMap {
    checkMapSpec(spec)
    if (codecs !== undefined) checkCodecs(spec, codecs)
    // The kernel wants to see a map like those to be held; it copies its properties and needs it no longer.
    const template = spec.inner === undefined ? undefined : BpfMap.create(spec.inner, undefined, { bpf })
    try {
      const number = mapCreate(
        bpf,
        {
          type: mapTypes[spec.type],
          keySize: spec.keySize,
          valueSize: spec.valueSize,
          maxEntries: spec.maxEntries,
          flags: spec.flags,
          name: spec.name,
          innerMapFd: template?.fd.number ?? 0,
          ...(btf && {
            btfFd: btf.fd.number,
            btfKeyTypeId: btf.keyTypeId,
            btfValueTypeId: btf.valueTypeId,
          }),
        },
        (errno) => createHints[errno] ?? '',
      )
      return BpfMap.#own(spec, number, codecs, bpf)
    } finally {
      template?.close()
    }
  }

  /**
   * Opens the map pinned at `path`.
   *
   * @throws {MapMismatchError} when it is not as `spec` says
   * @throws {TsbpfError} `PIN_KIND` when something else than a map is pinned there
   * @throws {BpfError} ENOENT when nothing is
   */
  static openPinned(path: string, spec: MapSpec, codecs?: undefined, bpf?: BpfSyscall): BpfMap
  static openPinned<K, V>(
    path: string,
    spec: MapSpec,
    codecs: MapCodecs<K, V>,
    bpf?: BpfSyscall,
  ): BpfMap<K, V>
  static openPinned<K, V>(
    path: string,
    spec: MapSpec,
    codecs?: MapCodecs<K, V>,
    bpf: BpfSyscall = kernelBpf,
  ): BpfMap<K, V> | BpfMap {
    if (codecs !== undefined) checkCodecs(spec, codecs)
    const fd = openAs(bpf, 'map', path)
    try {
      const info = mapInfo(bpf, { fd: fd.number, what: `map at ${path}` })
      const differences = mapDifferences(spec, { ...info, type: mapTypeName(info.type) })
      if (differences.length > 0) throw new MapMismatchError(`the map pinned at ${path}`, differences)
      return BpfMap.#wrap(spec, fd, codecs, bpf)
    } catch (error) {
      fd.close()
      throw error
    }
  }

  /**
   * Opens a map of any kind by its pin or its id and takes its specification from the kernel; keys and values are
   * bytes.
   *
   * @returns undefined when there is no map with this id
   */
  static inspect(
    where: { readonly path: string } | { readonly id: number },
    bpf = kernelBpf,
  ): BpfMap | undefined {
    let fd: Fd
    if ('path' in where) fd = openAs(bpf, 'map', where.path)
    else {
      const number = objectById(bpf, 'map', where.id)
      if (number === undefined) return undefined
      fd = new Fd(number, `map id ${where.id}`, bpf)
    }
    try {
      const { name, type, keySize, valueSize, maxEntries, flags } = mapInfo(bpf, {
        fd: fd.number,
        what: 'map',
      })
      const typeName = mapTypeName(type)
      if (!(typeName in mapTypes))
        throw new TsbpfError('MAP_TYPE', `map "${name}" is of ${typeName}, which this package does not know`)
      const spec = { name, type: typeName as MapType, keySize, valueSize, maxEntries, flags }
      return BpfMap.#wrap(spec, fd, undefined, bpf) as BpfMap
    } catch (error) {
      fd.close()
      throw error
    }
  }

  static #own<K, V>(
    spec: MapSpec,
    number: number,
    codecs: MapCodecs<K, V> | undefined,
    bpf: BpfSyscall,
  ): BpfMap<K, V> | BpfMap {
    return BpfMap.#wrap(spec, new Fd(number, `map "${spec.name}"`, bpf), codecs, bpf)
  }

  static #wrap<K, V>(
    spec: MapSpec,
    fd: Fd,
    codecs: MapCodecs<K, V> | undefined,
    bpf: BpfSyscall,
  ): BpfMap<K, V> | BpfMap {
    if (codecs !== undefined) return new BpfMap(spec, fd, codecs, bpf)
    const raw = {
      key: rawCodec(spec.keySize),
      value: rawCodec(transferSize(spec.type, spec.valueSize, possibleCpus)),
    }
    return new BpfMap(spec, fd, raw, bpf)
  }

  /** The value of `key`; undefined when there is none. In maps of maps and programs, the id of the object held. */
  get(key: K): V | undefined {
    const value = new Uint8Array(this.#codecs.value.size)
    const there = mapLookup(this.#bpf, this.#handle(), this.#codecs.key.encode(key), value)
    return there ? this.#codecs.value.decode(value) : undefined
  }

  /**
   * Writes the value of `key`.
   *
   * @param mode `any` adds or replaces, `noexist` only adds, `exist` only replaces
   * @throws {BpfError} E2BIG when the map is full, EEXIST or ENOENT against the mode
   */
  set(key: K, value: V, mode: UpdateMode = 'any'): void {
    const { key: keys, value: values } = this.#codecs
    mapUpdate(this.#bpf, this.#handle(), keys.encode(key), values.encode(value), updateFlags[mode])
  }

  /** Puts a map into a map of maps, or a program into a `prog_array`. */
  setObject(key: K, object: { readonly fd: Fd }, mode: UpdateMode = 'any'): void {
    const value = new Uint8Array(4)
    new DataView(value.buffer).setUint32(0, object.fd.number, true)
    mapUpdate(this.#bpf, this.#handle(), this.#codecs.key.encode(key), value, updateFlags[mode])
  }

  /**
   * Writes many entries, in batches where the kernel can: several times faster than {@link set} one by one. Not
   * atomic: on failure the entries before the one at fault have been written.
   */
  setAll(entries: Iterable<readonly [K, V]>, mode: UpdateMode = 'any'): void {
    writeEntries(this.#bpf, this.#handle(), this.#codecs, entries, updateFlags[mode])
  }

  /** Removes `key`. @returns false when there was no such key */
  delete(key: K): boolean {
    if (this.spec.type === 'array' || this.spec.type === 'percpu_array')
      throw new TsbpfError('MAP_DELETE', `entries of ${this.#what} (${this.spec.type}) cannot be deleted`, {
        hint: 'Every index of an array exists; write zeros instead.',
      })
    return mapDelete(this.#bpf, this.#handle(), this.#codecs.key.encode(key))
  }

  /** Removes `key` and returns its value, in one step; undefined when there was none. Hash maps only (5.14+). */
  take(key: K): V | undefined {
    const value = new Uint8Array(this.#codecs.value.size)
    const there = mapTake(this.#bpf, this.#handle(), this.#codecs.key.encode(key), value)
    return there ? this.#codecs.value.decode(value) : undefined
  }

  /**
   * Every entry, once. Entries may be added and deleted meanwhile, by the loop's body or by anyone: those that are
   * there throughout are visited exactly once, the others perhaps. Values are read some hundred at a time.
   */
  *entries(): Generator<[K, V]> {
    for (const [key, value] of readEntries(
      this.#bpf,
      () => this.#handle(),
      this.spec,
      this.#codecs.value.size,
    ))
      yield [this.#codecs.key.decode(key), this.#codecs.value.decode(value)]
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries()
  }

  /** Deletes every entry that is there when its turn comes. Not for arrays. @returns how many */
  clear(): number {
    let deleted = 0
    for (const [key] of this.entries()) if (this.delete(key)) deleted++
    return deleted
  }

  /** What the kernel says about the map. */
  info(): MapInfo {
    return mapInfo(this.#bpf, this.#handle())
  }

  /** The kernel's number for it, as `bpftool map` shows. */
  get id(): number {
    return this.info().id
  }

  /** Gives the map a path under bpffs, whose directory must exist; it then outlives this process. */
  pin(path: string): void {
    objectPin(this.#bpf, this.fd.number, path, this.#what)
  }

  /** Takes writing away from user space for good; programs may write on. */
  freeze(): void {
    mapFreeze(this.#bpf, this.#handle())
  }

  /** Closes the file descriptor. Safe to call twice. */
  close(): void {
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  get #what(): string {
    return `map "${this.spec.name}"`
  }

  #handle(): MapHandle {
    return { fd: this.fd.number, what: this.#what }
  }
}

const createHints: Readonly<Record<string, string>> = {
  ENOMEM: 'Not enough memory for so many entries.',
  E2BIG: 'Keys or values are too large, or there are too many entries.',
  EINVAL: 'The kernel does not know this type of map or one of its flags.',
}

function checkCodecs<K, V>(spec: MapSpec, codecs: MapCodecs<K, V>): void {
  const expected = transferSize(spec.type, spec.valueSize, possibleCpus)
  if (codecs.key.size !== spec.keySize)
    throw new TsbpfError(
      'MAP_CODEC',
      `map "${spec.name}" has keys of ${spec.keySize} bytes, their codec makes ${codecs.key.size}`,
    )
  if (codecs.value.size !== expected)
    throw new TsbpfError(
      'MAP_CODEC',
      `map "${spec.name}" has values of ${expected} bytes, their codec makes ${codecs.value.size}`,
      {
        hint:
          expected === spec.valueSize
            ? ''
            : 'An entry holds a value for each CPU: wrap the codec in perCpu().',
      },
    )
}
