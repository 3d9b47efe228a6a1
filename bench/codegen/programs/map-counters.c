#include "bpf.h"

struct counter {
	u64 packets, bytes;
};

MAP(by_protocol);
MAP(total);

SEC("prog") int map_counters(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	u32 zero = 0;

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;

	struct counter *all = bpf_map_lookup_elem(&total, &zero);
	if (!all)
		return TC_ACT_OK;
	__sync_fetch_and_add(&all->packets, 1);
	__sync_fetch_and_add(&all->bytes, skb->len);

	u32 protocol = ip->protocol;
	struct counter *counter = bpf_map_lookup_elem(&by_protocol, &protocol);
	if (counter) {
		counter->packets += 1;
		counter->bytes += ntohs(ip->total_length);
	}
	return TC_ACT_OK;
}
