#include "jhash.h"

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
