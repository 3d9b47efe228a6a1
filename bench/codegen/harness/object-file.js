// Reads a program out of an object file of clang's, so that both halves go through the same loader: what the code
// refers to by name becomes a symbol, the maps are those of the other half.
import { annotate, decode } from 'tsbpf-lb/asm'

const SHT_SYMTAB = 2
const SHT_REL = 9
/** R_BPF_64_64, of an `ld_imm64`, and R_BPF_64_32, of a call (Documentation/bpf/llvm_reloc.rst). */
const R_BPF_64_64 = 1
const R_BPF_64_32 = 10
const PSEUDO_MAP_FD = 1
const PSEUDO_CALL = 1
const PSEUDO_KFUNC_CALL = 2

/**
 * The program in section `prog` of an object file.
 *
 * @param like the other half: the result has its name, type, maps and kfuncs
 */
export function programFromObject(bytes, like) {
  const object = readObject(bytes)
  const main = object.sections.find(({ name }) => name === 'prog')
  if (main === undefined) throw new Error(`${like.name}: the object has no section "prog"`)
  const instructions = decode(main.bytes)
  const functions = [{ name: like.name, start: 0 }]
  // Functions that were not inlined are in .text: they go behind the program.
  const text = object.sections.find(({ name, bytes }) => name === '.text' && bytes.length > 0)
  const textSlot = main.bytes.length / 8
  const all = text === undefined ? instructions : [...instructions, ...decode(text.bytes)]
  if (text !== undefined)
    for (const { name, section, value } of object.symbols)
      if (section === text.index && name !== '')
        functions.push({ name, start: indexOfSlot(all, textSlot + value / 8) })
  const result = all.map((instruction) => instruction)
  for (const [section, base] of [
    [main, 0],
    [text, textSlot],
  ]) {
    for (const { offset, type, symbol } of object.relocations.get(section?.index) ?? []) {
      const slot = base + offset / 8
      const index = indexOfSlot(all, slot)
      result[index] = relocate(all[index], type, symbol, { slot, like, text, textSlot })
    }
  }
  return {
    ...like,
    instructions: result,
    functions: functions.sort((a, b) => a.start - b.start),
  }
}

function relocate(instruction, type, symbol, { slot, like, text, textSlot }) {
  if (type === R_BPF_64_64 && like.maps.some(({ name }) => name === symbol.name))
    return { ...instruction, src: PSEUDO_MAP_FD, symbol: { kind: 'map', name: symbol.name } }
  if (type === R_BPF_64_32 && symbol.section === 0)
    return annotate(
      { ...instruction, src: PSEUDO_KFUNC_CALL, imm: 0 },
      { symbol: { kind: 'kfunc', name: symbol.name } },
    )
  if (type === R_BPF_64_32 && symbol.section === text?.index) {
    // The object's number counts from the symbol; the section's own symbol has value 0.
    const target = textSlot + symbol.value / 8 + instruction.imm + 1
    return { ...instruction, src: PSEUDO_CALL, imm: target - slot - 1 }
  }
  throw new Error(`${like.name}: what is "${symbol.name}" at slot ${slot}?`)
}

function indexOfSlot(instructions, slot) {
  let at = 0
  for (const [index, { imm64 }] of instructions.entries()) {
    if (at === slot) return index
    at += imm64 === undefined ? 1 : 2
  }
  throw new Error(`no instruction begins at slot ${slot}`)
}

function readObject(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u64 = (at) => Number(view.getBigUint64(at, true))
  const u32 = (at) => view.getUint32(at, true)
  const u16 = (at) => view.getUint16(at, true)
  const start = u64(0x28)
  const size = u16(0x3a)
  const headers = Array.from({ length: u16(0x3c) }, (_, index) => {
    const at = start + index * size
    const [type, link, info] = [u32(at + 4), u32(at + 0x28), u32(at + 0x2c)]
    return { index, name: u32(at), type, link, info, offset: u64(at + 0x18), size: u64(at + 0x20) }
  })
  const textAt = (table, offset) => {
    const from = headers[table].offset + offset
    return new TextDecoder().decode(bytes.subarray(from, bytes.indexOf(0, from)))
  }
  const names = u16(0x3e)
  const sections = headers.map((header) => ({
    ...header,
    name: textAt(names, header.name),
    bytes: header.type === 8 ? new Uint8Array(0) : bytes.subarray(header.offset, header.offset + header.size),
  }))
  const table = sections.find(({ type }) => type === SHT_SYMTAB)
  const symbols = Array.from({ length: table.size / 24 }, (_, i) => {
    const at = table.offset + i * 24
    return { name: textAt(table.link, u32(at)), section: u16(at + 6), value: u64(at + 8) }
  })
  const relocations = new Map()
  for (const { type, info, offset, size: length } of sections) {
    if (type !== SHT_REL) continue
    const entries = Array.from({ length: length / 16 }, (_, i) => {
      const at = offset + i * 16
      return { offset: u64(at), type: u32(at + 8), symbol: symbols[u32(at + 12)] }
    })
    relocations.set(info, entries)
  }
  return { sections, symbols, relocations }
}
