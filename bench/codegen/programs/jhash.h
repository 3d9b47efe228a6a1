/* Bob Jenkins' lookup3, as the kernel's jhash_3words. */
#pragma once
#include "bpf.h"

inline_always u32 rol32(u32 word, u32 shift)
{
	return (word << shift) | (word >> (32 - shift));
}

inline_always u32 jhash_3words(u32 a, u32 b, u32 c, u32 seed)
{
	u32 initial = 0xdeadbeef + (3 << 2) + seed;
	a += initial;
	b += initial;
	c += initial;
	c ^= b; c -= rol32(b, 14);
	a ^= c; a -= rol32(c, 11);
	b ^= a; b -= rol32(a, 25);
	c ^= b; c -= rol32(b, 16);
	a ^= c; a -= rol32(c, 4);
	b ^= a; b -= rol32(a, 14);
	c ^= b; c -= rol32(b, 24);
	return c;
}
