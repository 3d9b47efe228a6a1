#include "bpf.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct event {
	u64 time;
	be32 source, destination;
	be16 source_port, destination_port;
	u32 length;
	u8 flags, ttl;
	u8 reserved[6];
};

MAP(events);

SEC("prog") int ringbuf_event(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return TC_ACT_OK;
	/* The first packet of a connection, or one that ends it. */
	if ((tcp->flags & (SYN | ACK)) != SYN && !(tcp->flags & (FIN | RST)))
		return TC_ACT_OK;

	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return TC_ACT_OK;
	*event = (struct event){
		.time = bpf_ktime_get_ns(),
		.source = ip->source,
		.destination = ip->destination,
		.source_port = tcp->source,
		.destination_port = tcp->destination,
		.length = skb->len,
		.flags = tcp->flags,
		.ttl = ip->ttl,
	};
	bpf_ringbuf_submit(event, 0);
	return TC_ACT_OK;
}
