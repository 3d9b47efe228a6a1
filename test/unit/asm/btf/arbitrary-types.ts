import fc from 'fast-check'
import type { BtfDefinition } from '../../../../src/asm/btf/types.ts'

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const size = fc.constantFrom(1, 2, 4, 8)
const linkage = fc.constantFrom('static', 'global', 'extern')
/** Names with what C allows and with what it doesn't: the format does not care. */
const name = fc.oneof(
  // Few, so that they clash, and the tests know them.
  fc.constantFrom('a', 'b'),
  fc.stringMatching(/^[a-z_][a-z0-9_]{0,12}$/),
  fc.constant(''),
  fc.string({ unit: 'grapheme', maxLength: 90 }).filter((text) => !text.includes('\0')),
)

/** A list of types in which every reference, forward ones included, is to one of the list, `below` it, or void. */
export function typeGraph(maxLength: number, below = 0): fc.Arbitrary<BtfDefinition[]> {
  return fc
    .integer({ min: 0, max: maxLength })
    .chain((length) => fc.array(definition(below + length), { minLength: length, maxLength: length }))
}

function definition(lastId: number): fc.Arbitrary<BtfDefinition> {
  const type = fc.integer({ min: 0, max: lastId })
  const named = { name, type }
  const attribute = fc.boolean()
  const bitFields = fc.array(
    fc.record({
      ...named,
      bitOffset: fc.integer({ min: 0, max: 0xffffff }),
      bitSize: fc.integer({ min: 0, max: 255 }),
    }),
    { maxLength: 5 },
  )
  const plainMembers = fc.array(fc.record({ ...named, bitOffset: u32, bitSize: fc.constant(0) }), {
    maxLength: 5,
  })
  return fc.oneof(
    fc.record({
      kind: fc.constant('int'),
      name,
      size,
      bits: fc.integer({ min: 0, max: 255 }),
      bitOffset: fc.integer({ min: 0, max: 255 }),
      signed: fc.boolean(),
      char: fc.boolean(),
      bool: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom('ptr', 'const', 'volatile', 'restrict'), type }),
    fc.record({ kind: fc.constant('array'), element: type, index: type, length: u32 }),
    fc.record({
      kind: fc.constantFrom('struct', 'union'),
      name,
      size: u32,
      members: fc.oneof(bitFields, plainMembers),
    }),
    fc.boolean().chain((signed) =>
      fc.record({
        kind: fc.constant('enum'),
        name,
        size,
        signed: fc.constant(signed),
        values: fc.array(
          fc.record({ name, value: signed ? fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) : u32 }),
          { maxLength: 5 },
        ),
      }),
    ),
    fc.boolean().chain((signed) =>
      fc.record({
        kind: fc.constant('enum64'),
        name,
        size,
        signed: fc.constant(signed),
        values: fc.array(
          fc.record({
            name,
            value: signed
              ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
              : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          }),
          { maxLength: 5 },
        ),
      }),
    ),
    fc.record({ kind: fc.constant('fwd'), name, union: fc.boolean() }),
    fc.record({ kind: fc.constant('typedef'), ...named }),
    fc.record({ kind: fc.constantFrom('func', 'var'), ...named, linkage }),
    fc.record({
      kind: fc.constant('func_proto'),
      returns: type,
      parameters: fc.array(fc.record(named), { maxLength: 5 }),
    }),
    fc.record({
      kind: fc.constant('datasec'),
      name,
      size: u32,
      variables: fc.array(fc.record({ type, offset: u32, size: u32 }), { maxLength: 5 }),
    }),
    fc.record({ kind: fc.constant('float'), name, size }),
    fc.record({
      kind: fc.constant('decl_tag'),
      ...named,
      component: fc.integer({ min: -1, max: 0x7fffffff }),
      attribute,
    }),
    fc.record({ kind: fc.constant('type_tag'), ...named, attribute }),
  ) as fc.Arbitrary<BtfDefinition>
}
