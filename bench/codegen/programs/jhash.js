const rol32 = (word, shift) => word.shl(shift).or(word.shr(32 - shift))

/** Bob Jenkins' lookup3, as the kernel's jhash_3words. */
export function jhash3Words(a, b, c, seed) {
  const initial = seed.add(0xdeadbeef + (3 << 2))
  a = a.add(initial)
  b = b.add(initial)
  c = c.add(initial)
  c = c.xor(b).sub(rol32(b, 14))
  a = a.xor(c).sub(rol32(c, 11))
  b = b.xor(a).sub(rol32(a, 25))
  c = c.xor(b).sub(rol32(b, 16))
  a = a.xor(c).sub(rol32(c, 4))
  b = b.xor(a).sub(rol32(a, 14))
  return c.xor(b).sub(rol32(b, 24))
}
