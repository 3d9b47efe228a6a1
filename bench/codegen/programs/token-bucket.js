// A token bucket for each source address.
import {
  be32,
  ETH_P_IP,
  EthernetHeader,
  hashMap,
  Ipv4Header,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, udp } from '../harness/packets.js'

const nanosecondsPerSecond = 1_000_000_000

const Source = struct('source', { address: be32 })
/** `rate` in bytes a second, `burst` and `tokens` in bytes, `last` in nanoseconds since boot. */
const Bucket = struct('bucket', { rate: u64, burst: u64, tokens: u64, last: u64 })
const buckets = hashMap('token_buckets', Source, Bucket, { maxEntries: 1024 })

const spec = tc('token_bucket', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))

  const bucket = b.lookup(buckets, { address: ip.source }, { otherwise: TC_ACT_OK })
  const now = b.ktime()
  const elapsed = b.variable(u64, now.sub(bucket.last))
  b.if(elapsed.get().gt(nanosecondsPerSecond), () => elapsed.set(nanosecondsPerSecond))
  const earned = elapsed.get().mul(bucket.rate).div(nanosecondsPerSecond)
  const tokens = b.variable(u64, bucket.tokens.add(earned))
  b.if(tokens.get().gt(bucket.burst), () => tokens.set(bucket.burst))
  b.assign(bucket, { last: now })
  b.if(tokens.get().lt(skb.len), () => {
    b.assign(bucket, { tokens: tokens.get() })
    b.return(TC_ACT_SHOT)
  })
  b.assign(bucket, { tokens: tokens.get().sub(skb.len) })
  b.return(TC_ACT_OK)
})

const [refilled, exhausted, unknown] = [0x0a000001, 0x0a000002, 0x0a000003]
const from = (source) => ipv4(17, udp({ payload: new Uint8Array(40) }), { source })

function prepare(map) {
  const put = (address, bucket) =>
    map('token_buckets').set(Source.encode({ address }), Bucket.encode({ last: 0n, ...bucket }))
  put(refilled, { rate: 1_000_000_000n, burst: 100n, tokens: 0n })
  put(exhausted, { rate: 0n, burst: 10_000n, tokens: 3_000n })
}

export default {
  title: 'token bucket',
  spec,
  prepare,
  /** All but the time, which is another for each half. */
  normalise: (_map, value) => value.fill(0, Bucket.fields.last.offset),
  inputs: [
    from(refilled),
    from(exhausted),
    from(exhausted),
    from(unknown),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
