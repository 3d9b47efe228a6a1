// Packet lengths counted by powers of two.
import { perCpuArrayMap, struct, TC_ACT_OK, tc, u32, u64 } from 'tsbpf-lb/asm'
import { ethernet } from '../harness/packets.js'

const Bucket = struct('bucket', { packets: u64, bytes: u64 })
const sizes = perCpuArrayMap('size_histogram', Bucket, { maxEntries: 32 })

const spec = tc('histogram', (b, skb) => {
  const value = b.variable(u32, skb.len)
  const index = b.variable(u32, 0)
  for (const bits of [16, 8, 4, 2]) {
    b.if(value.get().gt(2 ** bits - 1), () => {
      value.set(value.get().shr(bits))
      index.set(index.get().add(bits))
    })
  }
  b.if(value.get().gt(1), () => index.set(index.get().add(1)))

  b.lookup(sizes, index.get(), {
    hit: (bucket) => b.assign(bucket, { packets: bucket.packets.add(1), bytes: bucket.bytes.add(skb.len) }),
  })
  b.return(TC_ACT_OK)
})

export default {
  title: 'log2 histogram of packet lengths',
  spec,
  inputs: [1000, 60, 3000].map((length) => ethernet(0x88b5, new Uint8Array(length - 14))),
}
