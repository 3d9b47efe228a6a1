import { type Conversion, parseFormat } from '../text/printk-format.ts'
import type { Call, VmFunctions } from './call.ts'

/** The helpers about texts: `bpf_trace_printk`, `bpf_trace_vprintk`, whose lines `print` gets, and `bpf_strncmp`. */
export function textHelpers(print: (line: string) => void): VmFunctions {
  const write = (call: Call, argument: (index: number) => bigint): number => {
    const line = format(call, textAt(call.bytes(0, call.u32(1)), 0), argument)
    print(line)
    return line.length + 1
  }
  return {
    bpf_trace_printk: (call) => write(call, (index) => call.u64(index + 2)),
    bpf_strncmp: (call) => {
      const [left, right] = [call.bytes(0, call.u32(1)), call.region(2).bytes]
      for (const [i, byte] of left.entries()) {
        const other = right[i] ?? 0
        if (byte !== other) return byte - other
        if (byte === 0) return 0
      }
      return 0
    },
    bpf_trace_vprintk: (call) => {
      const list = call.u32(3) === 0 ? new Uint8Array(0) : call.bytes(2, call.u32(3))
      const view = new DataView(list.buffer, list.byteOffset, list.byteLength)
      return write(call, (index) => view.getBigUint64(index * 8, true))
    },
  }
}

function format(call: Call, text: string, argument: (index: number) => bigint): string {
  let index = 0
  return parseFormat(text)
    .map((part) => (typeof part === 'string' ? part : padded(part, converted(call, part, argument(index++)))))
    .join('')
}

function converted(call: Call, { kind, bits }: Conversion, value: bigint): string {
  switch (kind) {
    case 'signed':
      return `${BigInt.asIntN(bits, value)}`
    case 'unsigned':
      return `${BigInt.asUintN(bits, value)}`
    case 'hex':
      return BigInt.asUintN(bits, value).toString(16)
    case 'HEX':
      return BigInt.asUintN(bits, value).toString(16).toUpperCase()
    case 'character':
      return String.fromCharCode(Number(value & 0xffn))
    case 'string':
      return stringAt(call, value)
    case 'ip4':
      return [...bytesAt(call, value, 4)].join('.')
    case 'ip6':
      return [...bytesAt(call, value, 16)]
        .map((byte, i) => `${i % 2 === 0 && i > 0 ? ':' : ''}${byte.toString(16).padStart(2, '0')}`)
        .join('')
    case 'pointer':
    case 'symbol':
      return value.toString(16).padStart(16, '0')
  }
}

function padded({ width, zeroes, left }: Conversion, text: string): string {
  if (left) return text.padEnd(width)
  if (!zeroes) return text.padStart(width)
  return text.startsWith('-') ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0')
}

function bytesAt(call: Call, address: bigint, size: number): Uint8Array {
  const { memory } = call.machine
  return memory.bytes(Number(BigInt.asIntN(32, address)), Number(address >> 32n), size, false, undefined)
}

/** Up to the zero byte, or the end of the memory. */
function stringAt(call: Call, address: bigint): string {
  const lo = Number(BigInt.asIntN(32, address))
  const region = call.machine.memory.find(lo, Number(address >> 32n), 1, false, undefined)
  return textAt(region.bytes, lo - region.base)
}

function textAt(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(0, start)
  return new TextDecoder().decode(bytes.subarray(start, end < 0 ? undefined : end))
}
