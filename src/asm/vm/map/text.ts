/** Bytes as a string, one character a byte: for keys of JavaScript maps. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
