#include "bpf.h"

struct bucket {
	u64 packets, bytes;
};

MAP(size_histogram);

SEC("prog") int histogram(struct __sk_buff *skb)
{
	/* The binary logarithm as BPF programs in C write it (bpf_log2 of BCC's and libbpf's tools). */
	u32 value = skb->len, shift;
	u32 index = (value > 0xffff) << 4;
	value >>= index;
	shift = (value > 0xff) << 3;
	value >>= shift;
	index |= shift;
	shift = (value > 0xf) << 2;
	value >>= shift;
	index |= shift;
	shift = (value > 0x3) << 1;
	value >>= shift;
	index |= shift;
	index |= value >> 1;

	struct bucket *bucket = bpf_map_lookup_elem(&size_histogram, &index);
	if (bucket) {
		bucket->packets += 1;
		bucket->bytes += skb->len;
	}
	return TC_ACT_OK;
}
