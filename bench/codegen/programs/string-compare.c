#include "bpf.h"

/* The request that health checkers send. */
#define REQUEST "GET /healthz HTTP/1.1"

SEC("prog") int string_compare(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP || tcp->destination != htons(80))
		return TC_ACT_OK;

	const char *text = (void *)tcp + (tcp->data_offset >> 4) * 4;
	if ((void *)(text + sizeof(REQUEST) - 1) > end)
		return TC_ACT_OK;
	for (u32 i = 0; i < sizeof(REQUEST) - 1; i++)
		if (text[i] != REQUEST[i])
			return TC_ACT_OK;
	return TC_ACT_SHOT;
}
