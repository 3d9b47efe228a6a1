#include "bpf.h"

enum { ETH_P_8021Q = 0x8100, ETH_P_8021AD = 0x88a8, ECHO = 7, MAX_TAGS = 2 };

/* Ethernet II, in words of the alignment that it has. */
struct frame {
	u16 destination[3], source[3];
	be16 type;
};

struct vlan {
	be16 tci, type;
};

SEC("prog") int xdp_reflect(struct xdp_md *ctx)
{
	void *data = packet_start(ctx), *end = packet_end(ctx);
	struct frame *eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_DROP;

	be16 type = eth->type;
	u32 at = sizeof(*eth);
	for (int i = 0; i < MAX_TAGS; i++) {
		if (type != htons(ETH_P_8021Q) && type != htons(ETH_P_8021AD))
			break;
		struct vlan *tag = data + at;
		if ((void *)(tag + 1) > end)
			return XDP_DROP;
		type = tag->type;
		at += sizeof(*tag);
	}

	struct udphdr *udp;
	if (type == htons(ETH_P_IP)) {
		struct iphdr *ip = data + at;
		udp = (void *)(ip + 1);
		if ((void *)(udp + 1) > end)
			return XDP_PASS;
		if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
			return XDP_PASS;
		if (udp->source != htons(ECHO) && udp->destination != htons(ECHO))
			return XDP_PASS;
		be32 source = ip->source;
		ip->source = ip->destination;
		ip->destination = source;
	} else if (type == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + at;
		udp = (void *)(ip + 1);
		if ((void *)(udp + 1) > end)
			return XDP_PASS;
		if (ip->next_header != IPPROTO_UDP)
			return XDP_PASS;
		if (udp->source != htons(ECHO) && udp->destination != htons(ECHO))
			return XDP_PASS;
		for (int i = 0; i < 4; i++) {
			be32 word = ip->source[i];
			ip->source[i] = ip->destination[i];
			ip->destination[i] = word;
		}
	} else
		return XDP_PASS;

	be16 port = udp->source;
	udp->source = udp->destination;
	udp->destination = port;
	for (int i = 0; i < 3; i++) {
		u16 word = eth->source[i];
		eth->source[i] = eth->destination[i];
		eth->destination[i] = word;
	}
	return XDP_TX;
}
