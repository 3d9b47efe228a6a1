import type { Command } from 'commander'

/** `demo`. */
export function addDemoCommand(_program: Command): void {}
