#include "bpf.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum state { OPENING, OPEN, CLOSING, CLOSED };
enum { BPF_NOEXIST = 1 };

struct flow_key {
	be32 source, destination;
	be16 source_port, destination_port;
};

struct flow {
	u64 packets, bytes, last;
	u32 state, flags;
};

MAP(connections);
MAP(states);

SEC("prog") int connection_table(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return TC_ACT_OK;

	struct flow_key key = { ip->source, ip->destination, tcp->source, tcp->destination };
	u32 flags = tcp->flags;
	struct flow *flow = bpf_map_lookup_elem(&connections, &key);
	if (!flow) {
		struct flow fresh = { .state = OPENING };
		bpf_map_update_elem(&connections, &key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&connections, &key);
		if (!flow)
			return TC_ACT_SHOT;
	}
	flow->packets += 1;
	flow->bytes += skb->len;
	flow->last = bpf_ktime_get_ns();
	flow->flags |= flags;

	u32 state = flow->state;
	if (flags & RST) {
		state = CLOSED;
	} else {
		switch (state) {
		case OPENING:
			if (flags & ACK)
				state = OPEN;
			break;
		case OPEN:
			if (flags & FIN)
				state = CLOSING;
			break;
		case CLOSING:
			if (flags & FIN)
				state = CLOSED;
			break;
		case CLOSED:
			if (flags & SYN)
				state = OPENING;
			break;
		}
	}
	flow->state = state;
	u64 *count = bpf_map_lookup_elem(&states, &state);
	if (count)
		*count += 1;
	return state == CLOSED ? TC_ACT_SHOT : TC_ACT_OK;
}
