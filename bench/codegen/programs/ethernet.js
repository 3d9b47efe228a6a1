import { array, be16, struct, u8 } from 'tsbpf-lb/asm'

/** Ethernet II. */
export const EthernetHeader = struct(
  'ethhdr',
  { destination: array(u8, 6), source: array(u8, 6), type: be16 },
  { packed: true },
)
