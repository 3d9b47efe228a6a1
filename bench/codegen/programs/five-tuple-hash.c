#include "bpf.h"

inline_always u32 rol32(u32 word, u32 shift)
{
	return (word << shift) | (word >> (32 - shift));
}

/* Bob Jenkins' lookup3, as the kernel's jhash_3words. */
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

SEC("prog") int five_tuple_hash(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;

	u32 ports = 0;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
		if (ip->ihl != 5)
			return TC_ACT_OK;
		u32 *pair = (void *)(ip + 1);
		if ((void *)(pair + 1) > end)
			return TC_ACT_SHOT;
		ports = *pair;
	}
	u32 hash = jhash_3words(ip->source, ip->destination, ports, ip->protocol);
	skb->mark = hash;
	return hash & 1 ? TC_ACT_SHOT : TC_ACT_OK;
}
