#include "bpf.h"

enum { ALLOW, DENY, DENY_PORTS };

struct network {
	u32 prefix_length;
	be32 address;
};

struct rule {
	u32 action;
	u16 first_port, last_port;
	u64 hits;
};

MAP(firewall_rules);

SEC("prog") int lpm_firewall(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;

	struct network key = { 32, ip->source };
	struct rule *rule = bpf_map_lookup_elem(&firewall_rules, &key);
	if (!rule)
		return TC_ACT_OK;
	if (rule->action == ALLOW)
		return TC_ACT_OK;
	if (rule->action == DENY_PORTS) {
		if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
			return TC_ACT_OK;
		struct ports *ports = (void *)ip + ip->ihl * 4;
		if ((void *)(ports + 1) > end)
			return TC_ACT_SHOT;
		u16 port = ntohs(ports->destination);
		if (port < rule->first_port || port > rule->last_port)
			return TC_ACT_OK;
	}
	__sync_fetch_and_add(&rule->hits, 1);
	return TC_ACT_SHOT;
}
