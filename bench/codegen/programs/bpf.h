/* What the C halves need of the kernel's interface: declarations of our own, as small as they can be. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
/* In network byte order. */
typedef u16 be16;
typedef u32 be32;
typedef u64 be64;

#define SEC(name) __attribute__((section(name), used))
#define inline_always static inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define htons(x) __builtin_bswap16(x)
#define ntohs(x) __builtin_bswap16(x)
#define htonl(x) __builtin_bswap32(x)
#define ntohl(x) __builtin_bswap32(x)

/* A map: the loader knows its shape from the other half, the code needs its address. */
#define MAP(name) struct { int (*type)[1]; } name SEC(".maps")

/* A kernel function. */
#define KFUNC(result, name, ...) extern result name(__VA_ARGS__) __attribute__((section(".ksyms")))

/* Helper functions by number (___BPF_FUNC_MAPPER, include/uapi/linux/bpf.h). */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static long (*const bpf_redirect)(u32 ifindex, u64 flags) = (void *)23;
static long (*const bpf_skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)26;
static long (*const bpf_skb_pull_data)(void *skb, u32 len) = (void *)39;
static long (*const bpf_spin_lock)(void *lock) = (void *)93;
static long (*const bpf_spin_unlock)(void *lock) = (void *)94;
static u64 (*const bpf_jiffies64)(void) = (void *)118;
static void *(*const bpf_ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static void (*const bpf_ringbuf_discard)(void *data, u64 flags) = (void *)133;

struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
	u32 ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id;
	u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
	u32 data_meta;
	u64 flow_keys, tstamp;
	u32 wire_len, gso_segs;
	u64 sk;
	u32 gso_size;
};

struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

enum { TC_ACT_UNSPEC = -1, TC_ACT_OK = 0, TC_ACT_SHOT = 2, TC_ACT_REDIRECT = 7 };
enum { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum { ETH_P_IP = 0x0800, ETH_P_IPV6 = 0x86dd };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17 };

struct ethhdr {
	u8 destination[6], source[6];
	be16 type;
};

struct iphdr {
	u8 ihl : 4, version : 4;
	u8 tos;
	be16 total_length, id, fragment;
	u8 ttl, protocol;
	u16 checksum;
	be32 source, destination;
};

struct ipv6hdr {
	u8 version_class, flow[3];
	be16 payload_length;
	u8 next_header, hop_limit;
	be32 source[4], destination[4];
};

struct tcphdr {
	be16 source, destination;
	be32 sequence, acknowledgment;
	u8 data_offset, flags;
	be16 window;
	u16 checksum;
	be16 urgent;
};

struct udphdr {
	be16 source, destination, length;
	u16 checksum;
};

struct ports {
	be16 source, destination;
};

/* The start and end of the packet, as pointers. */
#define packet_start(ctx) ((void *)(long)(ctx)->data)
#define packet_end(ctx) ((void *)(long)(ctx)->data_end)
