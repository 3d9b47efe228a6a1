import { describe, expect, it } from 'vitest'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { isKnownOpcode } from '../../../../src/asm/isa/opcodes.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'

// The tables against another assembler: each line is assembled by `llvm-mc -triple=bpfel -mcpu=v4` of LLVM 19
// from the text that follows the bytes.
const fromLlvm = `
0f21000000000000 r1 += r2
0701000003000000 r1 += 3
0c21000000000000 w1 += w2
0401000003000000 w1 += 3
1f21000000000000 r1 -= r2
1701000003000000 r1 -= 3
1c21000000000000 w1 -= w2
1401000003000000 w1 -= 3
2f21000000000000 r1 *= r2
2701000003000000 r1 *= 3
2c21000000000000 w1 *= w2
2401000003000000 w1 *= 3
3f21000000000000 r1 /= r2
3701000003000000 r1 /= 3
3c21000000000000 w1 /= w2
3401000003000000 w1 /= 3
4f21000000000000 r1 |= r2
4701000003000000 r1 |= 3
4c21000000000000 w1 |= w2
4401000003000000 w1 |= 3
5f21000000000000 r1 &= r2
5701000003000000 r1 &= 3
5c21000000000000 w1 &= w2
5401000003000000 w1 &= 3
6f21000000000000 r1 <<= r2
6701000003000000 r1 <<= 3
6c21000000000000 w1 <<= w2
6401000003000000 w1 <<= 3
7f21000000000000 r1 >>= r2
7701000003000000 r1 >>= 3
7c21000000000000 w1 >>= w2
7401000003000000 w1 >>= 3
9f21000000000000 r1 %= r2
9701000003000000 r1 %= 3
9c21000000000000 w1 %= w2
9401000003000000 w1 %= 3
af21000000000000 r1 ^= r2
a701000003000000 r1 ^= 3
ac21000000000000 w1 ^= w2
a401000003000000 w1 ^= 3
bf21000000000000 r1 = r2
b701000003000000 r1 = 3
bc21000000000000 w1 = w2
b401000003000000 w1 = 3
cf21000000000000 r1 s>>= r2
c701000003000000 r1 s>>= 3
cc21000000000000 w1 s>>= w2
c401000003000000 w1 s>>= 3
3f21010000000000 r1 s/= r2
3701010003000000 r1 s/= 3
3c21010000000000 w1 s/= w2
3401010003000000 w1 s/= 3
9f21010000000000 r1 s%= r2
9701010003000000 r1 s%= 3
9c21010000000000 w1 s%= w2
9401010003000000 w1 s%= 3
8701000000000000 r1 = -r1
8401000000000000 w1 = -w1
bf21080000000000 r1 = (s8)r2
bf21100000000000 r1 = (s16)r2
bf21200000000000 r1 = (s32)r2
bc21080000000000 w1 = (s8)w2
bc21100000000000 w1 = (s16)w2
d401000010000000 r1 = le16 r1
d401000020000000 r1 = le32 r1
d401000040000000 r1 = le64 r1
dc01000010000000 r1 = be16 r1
dc01000020000000 r1 = be32 r1
dc01000040000000 r1 = be64 r1
d701000010000000 r1 = bswap16 r1
d701000020000000 r1 = bswap32 r1
d701000040000000 r1 = bswap64 r1
bf21010001000000 r1 = addr_space_cast(r2, 0, 1)
bf21010000000100 r1 = addr_space_cast(r2, 1, 0)
7121fcff00000000 r1 = *(u8 *)(r2 - 4)
6921fcff00000000 r1 = *(u16 *)(r2 - 4)
6121fcff00000000 r1 = *(u32 *)(r2 - 4)
7921fcff00000000 r1 = *(u64 *)(r2 - 4)
9121fcff00000000 r1 = *(s8 *)(r2 - 4)
8921fcff00000000 r1 = *(s16 *)(r2 - 4)
8121fcff00000000 r1 = *(s32 *)(r2 - 4)
7321040000000000 *(u8 *)(r1 + 4) = r2
6b21040000000000 *(u16 *)(r1 + 4) = r2
6321040000000000 *(u32 *)(r1 + 4) = r2
7b21040000000000 *(u64 *)(r1 + 4) = r2
72010400fdffffff *(u8 *)(r1 + 4) = -3
6a010400fdffffff *(u16 *)(r1 + 4) = -3
62010400fdffffff *(u32 *)(r1 + 4) = -3
7a010400fdffffff *(u64 *)(r1 + 4) = -3
db21040000000000 lock *(u64 *)(r1 + 4) += r2
c321040000000000 lock *(u32 *)(r1 + 4) += w2
db21040040000000 lock *(u64 *)(r1 + 4) |= r2
c321040040000000 lock *(u32 *)(r1 + 4) |= w2
db21040050000000 lock *(u64 *)(r1 + 4) &= r2
c321040050000000 lock *(u32 *)(r1 + 4) &= w2
db210400a0000000 lock *(u64 *)(r1 + 4) ^= r2
c3210400a0000000 lock *(u32 *)(r1 + 4) ^= w2
db21040001000000 r2 = atomic_fetch_add((u64 *)(r1 + 4), r2)
c321040001000000 w2 = atomic_fetch_add((u32 *)(r1 + 4), w2)
db21040041000000 r2 = atomic_fetch_or((u64 *)(r1 + 4), r2)
c321040041000000 w2 = atomic_fetch_or((u32 *)(r1 + 4), w2)
db21040051000000 r2 = atomic_fetch_and((u64 *)(r1 + 4), r2)
c321040051000000 w2 = atomic_fetch_and((u32 *)(r1 + 4), w2)
db210400a1000000 r2 = atomic_fetch_xor((u64 *)(r1 + 4), r2)
c3210400a1000000 w2 = atomic_fetch_xor((u32 *)(r1 + 4), w2)
db210400e1000000 r2 = xchg_64(r1 + 4, r2)
c3210400e1000000 w2 = xchg32_32(r1 + 4, w2)
db210400f1000000 r0 = cmpxchg_64(r1 + 4, r0, r2)
c3210400f1000000 w0 = cmpxchg32_32(r1 + 4, w0, w2)
3000000004000000 r0 = *(u8 *)skb[4]
2800000004000000 r0 = *(u16 *)skb[4]
2000000004000000 r0 = *(u32 *)skb[4]
5020000000000000 r0 = *(u8 *)skb[r2]
4820000000000000 r0 = *(u16 *)skb[r2]
4020000000000000 r0 = *(u32 *)skb[r2]
1d21040000000000 if r1 == r2 goto +4
1501fcfffdffffff if r1 == -3 goto -4
1e21040000000000 if w1 == w2 goto +4
1601fcff03000000 if w1 == 3 goto -4
5d21040000000000 if r1 != r2 goto +4
5501fcfffdffffff if r1 != -3 goto -4
5e21040000000000 if w1 != w2 goto +4
5601fcff03000000 if w1 != 3 goto -4
2d21040000000000 if r1 > r2 goto +4
2501fcfffdffffff if r1 > -3 goto -4
2e21040000000000 if w1 > w2 goto +4
2601fcff03000000 if w1 > 3 goto -4
3d21040000000000 if r1 >= r2 goto +4
3501fcfffdffffff if r1 >= -3 goto -4
3e21040000000000 if w1 >= w2 goto +4
3601fcff03000000 if w1 >= 3 goto -4
ad21040000000000 if r1 < r2 goto +4
a501fcfffdffffff if r1 < -3 goto -4
ae21040000000000 if w1 < w2 goto +4
a601fcff03000000 if w1 < 3 goto -4
bd21040000000000 if r1 <= r2 goto +4
b501fcfffdffffff if r1 <= -3 goto -4
be21040000000000 if w1 <= w2 goto +4
b601fcff03000000 if w1 <= 3 goto -4
4d21040000000000 if r1 & r2 goto +4
4501fcfffdffffff if r1 & -3 goto -4
4e21040000000000 if w1 & w2 goto +4
4601fcff03000000 if w1 & 3 goto -4
6d21040000000000 if r1 s> r2 goto +4
6501fcfffdffffff if r1 s> -3 goto -4
6e21040000000000 if w1 s> w2 goto +4
6601fcff03000000 if w1 s> 3 goto -4
7d21040000000000 if r1 s>= r2 goto +4
7501fcfffdffffff if r1 s>= -3 goto -4
7e21040000000000 if w1 s>= w2 goto +4
7601fcff03000000 if w1 s>= 3 goto -4
cd21040000000000 if r1 s< r2 goto +4
c501fcfffdffffff if r1 s< -3 goto -4
ce21040000000000 if w1 s< w2 goto +4
c601fcff03000000 if w1 s< 3 goto -4
dd21040000000000 if r1 s<= r2 goto +4
d501fcfffdffffff if r1 s<= -3 goto -4
de21040000000000 if w1 s<= w2 goto +4
d601fcff03000000 if w1 s<= 3 goto -4
0500040000000000 goto +4
06000000fcffffff gotol -4
e500040000000000 may_goto +4
9500000000000000 exit
8d03000000000000 callx r3
18010000887766550000000044332211 r1 = 0x1122334455667788 ll`

// What LLVM 19 has no text for: by the numbers of include/uapi/linux/bpf.h (Linux 6.18).
const fromKernel = `
db12040000010000 r2 = load_acquire((u64 *)(r1 + 4))
c312040000010000 w2 = load_acquire((u32 *)(r1 + 4))
cb12040000010000 w2 = load_acquire((u16 *)(r1 + 4))
d312040000010000 w2 = load_acquire((u8 *)(r1 + 4))
db21040010010000 store_release((u64 *)(r1 + 4), r2)
d321040010010000 store_release((u8 *)(r1 + 4), w2)
8500000001000000 call bpf_map_lookup_elem
8510000004000000 call pc+4
8520020004000000 call kernel-function#4 fd_array[2]
18110000050000000000000000000000 r1 = map[fd:5] ll
18210000050000000000000008000000 r1 = map[fd:5][0]+8 ll
18310000050000000000000000000000 r1 = btf[id:5] ll
18410000050000000000000000000000 r1 = subprog[+5] ll
18510000050000000000000000000000 r1 = map[idx:5] ll
18610000050000000000000008000000 r1 = map[idx:5][0]+8 ll`

const lines = (text: string): [string, string][] =>
  text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])

describe('opcode numbers', () => {
  it.each([...lines(fromLlvm), ...lines(fromKernel)])('%s is %s', (hex, text) => {
    const decoded = decode(Uint8Array.from(Buffer.from(hex, 'hex')))
    expect(decoded.map((each) => pseudoC(each))).toEqual([text])
  })

  it('are all covered above', () => {
    const seen = new Set(
      [...lines(fromLlvm), ...lines(fromKernel)].map(([hex]) => Number.parseInt(hex.slice(0, 2), 16)),
    )
    const known = [...Array(256).keys()].filter((opcode) => isKnownOpcode(opcode))
    expect(known.filter((opcode) => !seen.has(opcode))).toEqual([])
    expect([...seen].filter((opcode) => !isKnownOpcode(opcode))).toEqual([])
  })
})
