#include "bpf.h"

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, NO_NEXT = 59, DESTINATION = 60 };
enum { MAX_HEADERS = 8 };

struct extension {
	u8 next_header, length;
	be16 offset;
	u32 rest;
};

SEC("prog") int ipv6_walk(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IPV6))
		return TC_ACT_OK;

	u32 next = ip->next_header;
	u32 at = sizeof(*eth) + sizeof(*ip);
	for (int i = 0; i < MAX_HEADERS; i++) {
		if (next == IPPROTO_TCP || next == IPPROTO_UDP) {
			struct ports *ports = data + at;
			if ((void *)(ports + 1) > end)
				return TC_ACT_SHOT;
			skb->mark = next << 16 | ntohs(ports->destination);
			return TC_ACT_OK;
		}
		if (next != HOP_BY_HOP && next != ROUTING && next != FRAGMENT && next != AUTHENTICATION &&
		    next != DESTINATION)
			return TC_ACT_OK;

		struct extension *header = data + at;
		if ((void *)(header + 1) > end)
			return TC_ACT_SHOT;
		if (next == FRAGMENT) {
			/* Only the first fragment has ports. */
			if (header->offset & htons(0xfff8))
				return TC_ACT_OK;
			at += 8;
		} else if (next == AUTHENTICATION) {
			at += (header->length + 2) * 4;
		} else {
			at += (header->length + 1) * 8;
		}
		next = header->next_header;
	}
	return TC_ACT_SHOT;
}
