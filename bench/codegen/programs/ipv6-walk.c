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
	/* As in the other half; unrolled, which is what clang would do, it is six times as long. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < MAX_HEADERS; i++) {
		struct extension *header = data + at;
		switch (next) {
		case IPPROTO_TCP:
		case IPPROTO_UDP: {
			struct ports *ports = data + at;
			if ((void *)(ports + 1) > end)
				return TC_ACT_SHOT;
			skb->mark = next << 16 | ntohs(ports->destination);
			return TC_ACT_OK;
		}
		case FRAGMENT:
			if ((void *)(header + 1) > end)
				return TC_ACT_SHOT;
			/* Only the first fragment has ports. */
			if (header->offset & htons(0xfff8))
				return TC_ACT_OK;
			at += 8;
			break;
		case AUTHENTICATION:
			if ((void *)(header + 1) > end)
				return TC_ACT_SHOT;
			at += (header->length + 2) * 4;
			break;
		case HOP_BY_HOP:
		case ROUTING:
		case DESTINATION:
			if ((void *)(header + 1) > end)
				return TC_ACT_SHOT;
			at += (header->length + 1) * 8;
			break;
		default:
			return TC_ACT_OK;
		}
		next = header->next_header;
	}
	return TC_ACT_SHOT;
}
