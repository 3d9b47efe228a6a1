#include "bpf.h"

struct tuple {
	be32 source, destination;
	be16 source_port, destination_port;
};

struct ct_opts {
	s32 netns_id, error;
	u8 protocol, direction;
	u16 reserved;
};

struct nf_conn {
	unsigned long status;
	u32 timeout, mark;
	union {
		struct {
			u8 state;
		} tcp;
	} proto;
} __attribute__((preserve_access_index));

struct nf_conn___init {
	struct nf_conn ct;
} __attribute__((preserve_access_index));

KFUNC(struct nf_conn *, bpf_skb_ct_lookup, struct __sk_buff *, struct tuple *, u32, struct ct_opts *, u32);
KFUNC(struct nf_conn___init *, bpf_skb_ct_alloc, struct __sk_buff *, struct tuple *, u32, struct ct_opts *, u32);
KFUNC(int, bpf_ct_set_nat_info, struct nf_conn___init *, const be32 *, int, int);
KFUNC(struct nf_conn *, bpf_ct_insert_entry, struct nf_conn___init *);
KFUNC(int, bpf_ct_change_timeout, struct nf_conn *, u32);
KFUNC(void, bpf_ct_release, struct nf_conn *);

enum { NF_NAT_MANIP_SRC, NF_NAT_MANIP_DST };
enum { IPS_SEEN_REPLY = 2, TCP_CONNTRACK_TIME_WAIT = 7 };
enum { AF_INET = 2 };
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { MARK_PREFIX = 0x1b000000 };
#define MARK_PREFIX_MASK 0xff000000u
#define MARK_BACKEND_MASK 0x00ffffffu

struct frontend_key {
	be32 address[4];
	be16 port;
	u8 protocol, family;
};

struct frontend {
	u32 service;
};

struct service {
	u8 in_use, protocol, family, scheduler;
	be16 port;
	u16 reserved;
	be32 address[4];
	u32 ifindex;
};

struct backend {
	be32 address[4], snat_address[4];
	be16 port;
	u8 family, state;
	u32 service, weight;
};

struct backend_stats {
	u64 connections, packets, bytes;
};

enum counter { FOREIGN, REOPENED, DROP_TABLE_FULL, DROP_NO_BACKEND, DROP_CLASH, DROP_NAT_REFUSED };

MAP(lb_frontends);
MAP(lb_services);
MAP(lb_turns);
MAP(lb_rings);
MAP(lb_backends);
MAP(lb_stats);
MAP(lb_counters);

struct flow {
	be32 source, destination;
	be16 source_port, destination_port;
	u8 protocol;
	u8 opens_connection;
};

inline_always void count(u32 counter)
{
	u64 *packets = bpf_map_lookup_elem(&lb_counters, &counter);
	if (packets)
		*packets += 1;
}

inline_always int drop(u32 reason)
{
	count(reason);
	return TC_ACT_SHOT;
}

inline_always void count_traffic(struct __sk_buff *skb, u32 backend, int opened)
{
	u32 segments = skb->gso_segs;
	if (segments == 0)
		segments = 1;
	struct backend_stats *stats = bpf_map_lookup_elem(&lb_stats, &backend);
	if (!stats)
		return;
	stats->packets += segments;
	stats->bytes += skb->len;
	if (opened)
		stats->connections += 1;
}

/* Makes the first bytes of the packet readable. */
inline_always int require(struct __sk_buff *skb, u32 bytes)
{
	if (packet_start(skb) + bytes <= packet_end(skb))
		return 1;
	return bpf_skb_pull_data(skb, bytes) == 0;
}

inline_always int parse(struct __sk_buff *skb, struct flow *flow)
{
	if ((u16)skb->protocol != htons(ETH_P_IP) || skb->vlan_present)
		return 0;
	if (!require(skb, sizeof(struct ethhdr) + sizeof(struct iphdr)))
		return 0;
	struct iphdr *ip = packet_start(skb) + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > packet_end(skb))
		return 0;
	flow->protocol = ip->protocol;
	flow->source = ip->source;
	flow->destination = ip->destination;
	u32 transport = sizeof(struct ethhdr) + ip->ihl * 4;
	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP)
		return 0;
	if (ip->fragment & htons(0x1fff))
		return 0;

	flow->opens_connection = 0;
	if (flow->protocol == IPPROTO_TCP) {
		if (!require(skb, transport + sizeof(struct tcphdr)))
			return 0;
		struct tcphdr *tcp = packet_start(skb) + transport;
		if ((void *)(tcp + 1) > packet_end(skb))
			return 0;
		flow->opens_connection = (tcp->flags & (SYN | ACK | RST | FIN)) == SYN;
	} else if (!require(skb, transport + sizeof(struct udphdr)))
		return 0;
	struct ports *ports = packet_start(skb) + transport;
	if ((void *)(ports + 1) > packet_end(skb))
		return 0;
	flow->source_port = ports->source;
	flow->destination_port = ports->destination;
	return 1;
}

/* A packet of a known connection: 1 when it is done with, 0 when it begins a new connection. */
inline_always int pass_known(struct __sk_buff *skb, struct flow *flow, struct nf_conn *ct)
{
	u32 mark = ct->mark;
	if ((mark & MARK_PREFIX_MASK) == MARK_PREFIX) {
		if (flow->opens_connection && ct->proto.tcp.state >= TCP_CONNTRACK_TIME_WAIT) {
			count(REOPENED);
		} else {
			s32 left = ct->timeout - (u32)bpf_jiffies64();
			if (left < 25)
				bpf_ct_change_timeout(ct, 1000);
			bpf_ct_release(ct);
			count_traffic(skb, mark & MARK_BACKEND_MASK, 0);
			return 1;
		}
	} else if ((ct->status & IPS_SEEN_REPLY) && !flow->opens_connection) {
		bpf_ct_release(ct);
		count(FOREIGN);
		return 1;
	}
	bpf_ct_change_timeout(ct, 0);
	bpf_ct_release(ct);
	return 0;
}

/* The place on the service's ring that the scheduler picks. */
inline_always u32 *choose_backend(u32 service_index)
{
	u32 zero = 0;
	struct service *service = bpf_map_lookup_elem(&lb_services, &service_index);
	if (!service)
		return 0;
	void *ring = bpf_map_lookup_elem(&lb_rings, &service_index);
	if (!ring)
		return 0;
	u32 *size = bpf_map_lookup_elem(ring, &zero);
	if (!size)
		return 0;
	u32 places = *size;
	if (places == 0)
		return 0;
	u32 place;
	if (service->scheduler == 1) {
		u32 *turn = bpf_map_lookup_elem(&lb_turns, &service_index);
		if (!turn)
			return 0;
		place = __sync_fetch_and_add(turn, 1);
	} else
		place = bpf_get_prandom_u32();
	u32 at = place % places + 1;
	return bpf_map_lookup_elem(ring, &at);
}

/* The first packet of a connection: a verdict, or TRY_AGAIN when another CPU was faster. */
enum { TRY_AGAIN = 100 };

inline_always int open_connection(struct __sk_buff *skb, struct tuple *tuple, struct ct_opts *opts, u32 service)
{
	u32 *place = choose_backend(service);
	if (!place)
		return drop(DROP_NO_BACKEND);
	u32 index = *place;
	struct backend *backend = bpf_map_lookup_elem(&lb_backends, &index);
	if (!backend)
		return drop(DROP_NO_BACKEND);
	struct nf_conn___init *new = bpf_skb_ct_alloc(skb, tuple, sizeof(*tuple), opts, sizeof(*opts));
	if (!new)
		return drop(DROP_TABLE_FULL);
	int refused = bpf_ct_set_nat_info(new, backend->address, ntohs(backend->port), NF_NAT_MANIP_DST);
	if (backend->snat_address[0])
		refused |= bpf_ct_set_nat_info(new, backend->snat_address, 0, NF_NAT_MANIP_SRC);
	new->ct.mark = index | MARK_PREFIX;
	struct nf_conn *ct = bpf_ct_insert_entry(new);
	if (!ct)
		return TRY_AGAIN;
	if (refused) {
		bpf_ct_change_timeout(ct, 0);
		bpf_ct_release(ct);
		return drop(DROP_NAT_REFUSED);
	}
	bpf_ct_change_timeout(ct, 30000);
	bpf_ct_release(ct);
	count_traffic(skb, index, 1);
	return TC_ACT_UNSPEC;
}

SEC("prog") int lb_ingress(struct __sk_buff *skb)
{
	struct flow flow;
	if (!parse(skb, &flow))
		return TC_ACT_UNSPEC;

	struct frontend_key key = {
		.address = { flow.destination },
		.port = flow.destination_port,
		.protocol = flow.protocol,
		.family = AF_INET,
	};
	struct frontend *frontend = bpf_map_lookup_elem(&lb_frontends, &key);
	if (!frontend)
		return TC_ACT_UNSPEC;
	u32 service = frontend->service;

	struct tuple tuple = { flow.source, flow.destination, flow.source_port, flow.destination_port };
	struct ct_opts opts = { .netns_id = -1, .protocol = flow.protocol };
	for (int attempt = 0; attempt < 3; attempt++) {
		struct nf_conn *ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple), &opts, sizeof(opts));
		if (ct) {
			if (pass_known(skb, &flow, ct))
				return TC_ACT_UNSPEC;
		} else {
			int verdict = open_connection(skb, &tuple, &opts, service);
			if (verdict != TRY_AGAIN)
				return verdict;
		}
	}
	return drop(DROP_CLASH);
}
