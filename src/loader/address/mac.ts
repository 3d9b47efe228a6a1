import { TsbpfError } from '../../asm/diagnostics/error.ts'

/** @returns the six bytes of `02:00:5e:00:53:01`. @throws {TsbpfError} `MAC_ADDRESS` on any other form. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text))
    throw new TsbpfError('MAC_ADDRESS', `"${text}" is not a MAC address`, {
      hint: 'Write six pairs of hexadecimal digits separated by colons: 02:00:5e:00:53:01.',
    })
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16))
}

/** @returns a link-layer address as lower-case pairs separated by colons. */
export function formatMac(address: Uint8Array): string {
  return Array.from(address, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
