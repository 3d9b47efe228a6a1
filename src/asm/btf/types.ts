/**
 * The types of BTF, the BPF type format, as values. An id is a number; 0 is void, the types of a blob count from
 * 1. Source of layouts and constants: include/uapi/linux/btf.h.
 */

/** The kinds of types by name; numbers from `BTF_KIND_*`. */
export const btfKinds = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  func_proto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  decl_tag: 17,
  type_tag: 18,
  enum64: 19,
} as const

/** The kind of a type. */
export type BtfKind = keyof typeof btfKinds

/** Where a function or variable is visible; in this order the numbers of `enum btf_func_linkage`. */
export const btfLinkages = ['static', 'global', 'extern'] as const

/** Where a function or variable is visible. */
export type BtfLinkage = (typeof btfLinkages)[number]

/** The type with id 0: no value, or a pointee nobody knows. */
export interface BtfVoid {
  readonly kind: 'void'
}

/** An integer. At most one of `signed`, `char` and `bool` is true in what compilers write. */
export interface BtfInt {
  readonly kind: 'int'
  readonly name: string
  /** Bytes: 1, 2, 4, 8 or 16. */
  readonly size: number
  /** Number of bits, 0–128; less than `size * 8` only in the old way of writing bit-fields. */
  readonly bits: number
  /** First bit of the value in its bytes, 0–255; not 0 only in the old way of writing bit-fields. */
  readonly bitOffset: number
  readonly signed: boolean
  readonly char: boolean
  readonly bool: boolean
}

/** A pointer to `type`. */
export interface BtfPtr {
  readonly kind: 'ptr'
  readonly type: number
}

/** `length` elements; a length of 0 is a flexible array member. */
export interface BtfArray {
  readonly kind: 'array'
  readonly element: number
  readonly index: number
  readonly length: number
}

/** A member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous struct or union, whose members belong to the outer one. */
  readonly name: string
  readonly type: number
  /** Bits from the start of the struct. */
  readonly bitOffset: number
  /** Bits of a bit-field, 1–255; 0 for a member that is not one. */
  readonly bitSize: number
}

/** A struct or union with its members in order of declaration. */
export interface BtfComposite {
  readonly kind: 'struct' | 'union'
  readonly name: string
  /** Bytes, padding included. */
  readonly size: number
  readonly members: readonly BtfMember[]
}

/** An enum whose values fit in 32 bits. */
export interface BtfEnum {
  readonly kind: 'enum'
  readonly name: string
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number
  readonly signed: boolean
  /** Values −2^31 … 2^31−1 if `signed`, else 0 … 2^32−1. */
  readonly values: readonly { readonly name: string; readonly value: number }[]
}

/** An enum with 64-bit values. */
export interface BtfEnum64 {
  readonly kind: 'enum64'
  readonly name: string
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number
  readonly signed: boolean
  /** Values −2^63 … 2^63−1 if `signed`, else 0 … 2^64−1. */
  readonly values: readonly { readonly name: string; readonly value: bigint }[]
}

/** A struct or union that is declared and not defined. */
export interface BtfFwd {
  readonly kind: 'fwd'
  readonly name: string
  readonly union: boolean
}

/** Another name for `type`. */
export interface BtfTypedef {
  readonly kind: 'typedef'
  readonly name: string
  readonly type: number
}

/** `type` with a qualifier. */
export interface BtfQualifier {
  readonly kind: 'volatile' | 'const' | 'restrict'
  readonly type: number
}

/** A function; `type` is its func_proto. */
export interface BtfFunc {
  readonly kind: 'func'
  readonly name: string
  readonly type: number
  readonly linkage: BtfLinkage
}

/** Parameters and result of a function. A last parameter of type 0 without a name stands for `...`. */
export interface BtfFuncProto {
  readonly kind: 'func_proto'
  readonly returns: number
  readonly parameters: readonly { readonly name: string; readonly type: number }[]
}

/** A global variable. */
export interface BtfVar {
  readonly kind: 'var'
  readonly name: string
  readonly type: number
  readonly linkage: BtfLinkage
}

/** An ELF section and the variables in it; offsets and sizes in bytes. */
export interface BtfDatasec {
  readonly kind: 'datasec'
  readonly name: string
  readonly size: number
  readonly variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[]
}

/** A floating-point number of 2, 4, 8, 12 or 16 bytes. */
export interface BtfFloat {
  readonly kind: 'float'
  readonly name: string
  readonly size: number
}

/** A tag on a declaration, such as `bpf_kfunc`. */
export interface BtfDeclTag {
  readonly kind: 'decl_tag'
  readonly name: string
  readonly type: number
  /** Index of the tagged member or parameter of `type`; −1 for `type` itself. */
  readonly component: number
  /** True if the name is a whole `__attribute__` instead of a `btf_decl_tag` (kind_flag, Linux 6.15). */
  readonly attribute: boolean
}

/** A tag on a type, such as `rcu`. */
export interface BtfTypeTag {
  readonly kind: 'type_tag'
  readonly name: string
  readonly type: number
  /** True if the name is a whole `__attribute__` instead of a `btf_type_tag` (kind_flag, Linux 6.15). */
  readonly attribute: boolean
}

/** A type of a kind newer than this package, which the blob's layout section (Linux 7.1) lets us step over. */
export interface BtfUnknown {
  readonly kind: 'unknown'
  readonly kindNumber: number
  readonly name: string
}

/** A type that can be written: one of the 19 kinds. */
export type BtfDefinition =
  | BtfInt
  | BtfPtr
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfFwd
  | BtfTypedef
  | BtfQualifier
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag
  | BtfTypeTag
  | BtfEnum64

/** A type as the reader gives it. */
export type BtfType = BtfDefinition | BtfVoid | BtfUnknown
