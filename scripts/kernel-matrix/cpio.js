import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const alignment = 4
const directory = 0o040755
const regular = 0o100000
const symbolicLink = 0o120777

/**
 * Writes an archive as the kernel unpacks an initramfs: cpio, format "newc" (kernel,
 * Documentation/driver-api/early-userspace/buffer-format.rst). Archives may be concatenated.
 */
export class CpioArchive {
  #file
  #inode = 1
  #directories = new Set()

  constructor(path) {
    this.#file = openSync(path, 'w')
  }

  /** Adds a directory with those above it; again is once. */
  directory(path) {
    const parts = path.split('/').filter((part) => part !== '')
    for (let i = 1; i <= parts.length; i++) {
      const name = parts.slice(0, i).join('/')
      if (this.#directories.has(name)) continue
      this.#directories.add(name)
      this.#entry(name, directory, new Uint8Array())
    }
  }

  /** Adds a file of these contents. */
  file(path, contents, permissions = 0o644) {
    this.directory(parent(path))
    const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents
    this.#entry(path, regular | permissions, bytes)
  }

  /** Adds a symbolic link. */
  link(path, target) {
    this.directory(parent(path))
    this.#entry(path, symbolicLink, Buffer.from(target))
  }

  /** Adds a copy of a file. */
  copy(path, source) {
    this.file(path, readFileSync(source), statSync(source).mode & 0o777)
  }

  /** Adds a copy of everything below a directory. */
  copyTree(path, source) {
    this.directory(path)
    for (const entry of readdirSync(source, { withFileTypes: true }))
      this.copyEntry(`${path}/${entry.name}`, source, entry)
  }

  /** Adds a copy of an entry of the directory `source`: a file, a link, or everything below a directory. */
  copyEntry(path, source, entry) {
    const from = join(source, entry.name)
    if (entry.isDirectory()) this.copyTree(path, from)
    else if (entry.isSymbolicLink()) this.link(path, readlinkSync(from))
    else if (entry.isFile()) this.copy(path, from)
  }

  /** Ends the archive. */
  close() {
    this.#entry('TRAILER!!!', 0, new Uint8Array())
    closeSync(this.#file)
  }

  #entry(path, mode, contents) {
    const name = Buffer.from(`${path.replace(/^\/+/, '')}\0`)
    const links = 1
    const fields = [this.#inode++, mode, 0, 0, links, 0, contents.length, 0, 0, 0, 0, name.length, 0]
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
    this.#write(Buffer.concat([Buffer.from(header), name]))
    this.#write(contents)
  }

  #write(bytes) {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    const padding = -bytes.length & (alignment - 1)
    if (padding > 0) writeSync(this.#file, new Uint8Array(padding))
  }
}

function parent(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
