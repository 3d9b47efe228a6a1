#include "bpf.h"

#define NSEC_PER_SEC 1000000000ull

struct bucket {
	/* Bytes a second, and bytes at most. */
	u64 rate, burst;
	u64 tokens, last;
};

MAP(token_buckets);

SEC("prog") int token_bucket(struct __sk_buff *skb)
{
	void *data = packet_start(skb), *end = packet_end(skb);
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->type != htons(ETH_P_IP))
		return TC_ACT_OK;

	be32 source = ip->source;
	struct bucket *bucket = bpf_map_lookup_elem(&token_buckets, &source);
	if (!bucket)
		return TC_ACT_OK;

	u64 now = bpf_ktime_get_ns();
	u64 elapsed = now - bucket->last;
	if (elapsed > NSEC_PER_SEC)
		elapsed = NSEC_PER_SEC;
	u64 tokens = bucket->tokens + elapsed * bucket->rate / NSEC_PER_SEC;
	if (tokens > bucket->burst)
		tokens = bucket->burst;
	bucket->last = now;
	if (tokens < skb->len) {
		bucket->tokens = tokens;
		return TC_ACT_SHOT;
	}
	bucket->tokens = tokens - skb->len;
	return TC_ACT_OK;
}
