#include "jhash.h"

enum { TABLE_SIZE = 65537 };

struct vip_key {
	be32 address;
	be16 port;
	u8 protocol, reserved;
};

struct vip {
	u32 table, seed;
};

struct backend {
	be32 address;
	u32 ifindex;
	u64 packets;
};

MAP(maglev_vips);
MAP(maglev_table);
MAP(maglev_backends);

SEC("prog") int maglev(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct ports *ports = (void *)(ip + 1);

	if ((void *)(ports + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ihl != 5)
		return TC_ACT_OK;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return TC_ACT_OK;

	struct vip_key key = { ip->destination, ports->destination, ip->protocol, 0 };
	struct vip *vip = bpf_map_lookup_elem(&maglev_vips, &key);
	if (!vip)
		return TC_ACT_OK;

	u32 hash = jhash_3words(ip->source, ports->source, ip->protocol, vip->seed);
	u32 place = vip->table * TABLE_SIZE + hash % TABLE_SIZE;
	u32 *index = bpf_map_lookup_elem(&maglev_table, &place);
	if (!index)
		return TC_ACT_SHOT;
	u32 chosen = *index;
	struct backend *backend = bpf_map_lookup_elem(&maglev_backends, &chosen);
	if (!backend)
		return TC_ACT_SHOT;
	__sync_fetch_and_add(&backend->packets, 1);
	skb->mark = ntohl(backend->address);
	return TC_ACT_OK;
}
