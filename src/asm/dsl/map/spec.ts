import type { StructType } from '../../layout/struct.ts'
import type { MapSpec, MapType } from '../../program.ts'

/** @throws {RangeError} when a key has padding, whose bytes nobody would set */
export function checkKey(map: string, key: Pick<StructType, 'name' | 'holes'>): void {
  const hole = key.holes[0]
  if (hole !== undefined)
    throw new RangeError(
      `map "${map}": its key struct ${key.name} has ${hole.length} bytes of implicit padding at offset ${hole.offset}; add a field there`,
    )
}

/** The specification of a map. @throws {RangeError} for a name or number of entries that no kernel takes */
export function specOf<T extends MapType>(
  name: string,
  type: T,
  keySize: number,
  valueSize: number,
  options: { readonly maxEntries: number; readonly flags?: number },
): MapSpec & { readonly type: T } {
  if (!/^[A-Za-z0-9_.]{1,15}$/.test(name))
    throw new RangeError(`map name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`)
  if (!Number.isInteger(options.maxEntries) || options.maxEntries < 1 || options.maxEntries > 0xffff_ffff)
    throw new RangeError(`map "${name}": maxEntries must be 1..4294967295, got ${options.maxEntries}`)
  return { name, type, keySize, valueSize, maxEntries: options.maxEntries, flags: options.flags ?? 0 }
}
