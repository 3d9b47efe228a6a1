#include "bpf.h"

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_ROUTER_ALERT = 148, OPTION_LSRR = 131, OPTION_SSRR = 137 };
enum { MAX_OPTIONS = 10 };

SEC("prog") int parse_options(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	u32 mark = 0;

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->version != 4 || ip->ihl < 5)
		return TC_ACT_SHOT;

	u32 at = sizeof(*eth) + sizeof(*ip);
	u32 behind = sizeof(*eth) + ip->ihl * 4;
	for (int i = 0; i < MAX_OPTIONS; i++) {
		if (at >= behind)
			break;
		u8 *option = data + at;
		if ((void *)(option + 1) > end)
			return TC_ACT_SHOT;
		u8 type = option[0];
		if (type == OPTION_END)
			break;
		if (type == OPTION_NOP) {
			at += 1;
			continue;
		}
		if ((void *)(option + 2) > end)
			return TC_ACT_SHOT;
		u8 length = option[1];
		if (length < 2 || at + length > behind)
			return TC_ACT_SHOT;
		if (type == OPTION_LSRR || type == OPTION_SSRR)
			return TC_ACT_SHOT;
		if (type == OPTION_ROUTER_ALERT)
			mark |= 1;
		at += length;
	}

	struct ports *ports = data + behind;
	if ((void *)(ports + 1) > end)
		return TC_ACT_SHOT;
	skb->mark = mark | (u32)ntohs(ports->destination) << 16;
	return TC_ACT_OK;
}
