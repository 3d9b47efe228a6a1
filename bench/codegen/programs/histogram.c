#include "bpf.h"

struct bucket {
	u64 packets, bytes;
};

MAP(size_histogram);

SEC("prog") int histogram(struct __sk_buff *skb)
{
	u32 value = skb->len;
	u32 index = 0;

	if (value > 0xffff) {
		value >>= 16;
		index += 16;
	}
	if (value > 0xff) {
		value >>= 8;
		index += 8;
	}
	if (value > 0xf) {
		value >>= 4;
		index += 4;
	}
	if (value > 0x3) {
		value >>= 2;
		index += 2;
	}
	if (value > 0x1)
		index += 1;

	struct bucket *bucket = bpf_map_lookup_elem(&size_histogram, &index);
	if (bucket) {
		bucket->packets += 1;
		bucket->bytes += skb->len;
	}
	return TC_ACT_OK;
}
