/** Offsets that `src/loader/bpf/info.ts` reads structures at, by the names of include/uapi/linux/bpf.h. */
export const infoLayouts: readonly (readonly [struct: string, members: Readonly<Record<string, number>>])[] =
  [
    [
      'bpf_map_info',
      { type: 0, id: 4, key_size: 8, value_size: 12, max_entries: 16, map_flags: 20, name: 24, btf_id: 64 },
    ],
    [
      'bpf_link_info',
      {
        type: 0,
        id: 4,
        prog_id: 8,
        'tcx.ifindex': 16,
        'tcx.attach_type': 20,
        'xdp.ifindex': 16,
        'netns.attach_type': 20,
        'cgroup.cgroup_id': 16,
        'cgroup.attach_type': 24,
        'tracing.attach_type': 16,
      },
    ],
    [
      'perf_event_attr',
      {
        type: 0,
        size: 4,
        config: 8,
        sample_period: 16,
        wakeup_events: 48,
        kprobe_func: 56,
        probe_offset: 64,
      },
    ],
    ['bpf_btf_info', { btf_size: 8, id: 12, name: 16, name_len: 24, kernel_btf: 28 }],
    [
      'bpf_prog_info',
      {
        type: 0,
        id: 4,
        tag: 8,
        jited_prog_len: 16,
        xlated_prog_len: 20,
        xlated_prog_insns: 32,
        load_time: 40,
        nr_map_ids: 52,
        map_ids: 56,
        name: 64,
        btf_id: 128,
        run_time_ns: 192,
        run_cnt: 200,
        verified_insns: 216,
      },
    ],
  ]
