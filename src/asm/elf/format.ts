/** Numbers of ELF64 objects. Source: include/uapi/linux/elf.h and elf-em.h; relocations: Documentation/bpf/llvm_reloc.rst. */

/** Bytes of `Elf64_Ehdr`, `Elf64_Shdr`, `Elf64_Sym`, `Elf64_Rel`. */
export const elfSizes = { header: 64, sectionHeader: 64, symbol: 24, relocation: 16 } as const

/** `e_machine` of BPF. */
export const EM_BPF = 247
/** `e_type` of a relocatable object. */
export const ET_REL = 1

/** `sh_type`. */
export const sectionTypes = { null: 0, progbits: 1, symtab: 2, strtab: 3, nobits: 8, rel: 9 } as const

/** `sh_flags`. */
export const sectionFlags = { write: 1, alloc: 2, execute: 4, infoLink: 0x40 } as const

/** `st_info`: binding in the high four bits. */
export const symbolBindings = { local: 0, global: 1, weak: 2 } as const
/** `st_info`: type in the low four bits. */
export const symbolTypes = { none: 0, object: 1, function: 2, section: 3 } as const

/** `r_info`'s type: `ld_imm64` of an address; the immediate of a call. */
export const relocationTypes = { R_BPF_64_64: 1, R_BPF_64_32: 10 } as const
