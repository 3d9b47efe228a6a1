#include "bpf.h"

struct target {
	be32 address;
	be16 port;
	u16 reserved;
};

MAP(rewrite_target);

/* The two halves of a word, added up. */
inline_always u32 halves(u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

/* RFC 1624: HC' = ~(~HC + ~m + m'). `difference` is the sum of all ~m and m'. */
inline_always u16 updated(u16 checksum, u32 difference)
{
	u32 sum = (u16)~checksum + difference;
	return ~halves(halves(sum));
}

SEC("prog") int checksum_rewrite(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);
	u32 zero = 0;

	if ((void *)(tcp + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return TC_ACT_OK;

	struct target *target = bpf_map_lookup_elem(&rewrite_target, &zero);
	if (!target)
		return TC_ACT_OK;

	be32 from = ip->destination, to = target->address;
	be16 from_port = tcp->destination, to_port = target->port;
	u32 addresses = halves(~from) + halves(to);
	u32 ports = (u16)~from_port + to_port;
	ip->checksum = updated(ip->checksum, addresses);
	tcp->checksum = updated(tcp->checksum, addresses + ports);
	ip->destination = to;
	tcp->destination = to_port;
	return TC_ACT_OK;
}
