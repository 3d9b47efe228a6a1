// What differs between the architectures of guests. Names of the architectures are Debian's.

/**
 * `node` is what Node.js calls an architecture. `console` and `results` are the guest's names of its two serial
 * lines; `serial` makes them, the first one writing to a file, the second one to QEMU's standard output.
 */
export const architectures = {
  amd64: {
    node: 'x64',
    qemu: 'qemu-system-x86_64',
    machine: ['-machine', 'q35'],
    emulated: 'max',
    console: 'ttyS0',
    results: 'ttyS1',
    serial: (file) => ['-serial', `file:${file}`, '-serial', 'stdio'],
  },
  arm64: {
    node: 'arm64',
    qemu: 'qemu-system-aarch64',
    machine: ['-machine', 'virt'],
    // Emulating the pointer authentication of newer ones takes longer than all the rest.
    emulated: 'cortex-a57',
    console: 'ttyAMA0',
    results: 'ttyS0',
    // The board has one serial line of its own.
    serial: (file) => [
      '-serial',
      `file:${file}`,
      '-chardev',
      'stdio,id=results',
      '-device',
      'pci-serial,chardev=results',
    ],
  },
}
