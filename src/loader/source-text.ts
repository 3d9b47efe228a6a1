import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourcePosition } from '../asm/diagnostics/source-position.ts'

/** Where a program's statements are written, and what is written there. */
export interface SourceText {
  /** The position in the TypeScript original; `position` itself when there is nothing better. Never throws. */
  locate(position: SourcePosition): SourcePosition
  /** Text of a line, counted from 1, of a file that {@link locate} named; undefined when it cannot be had. */
  line(file: string, line: number): string | undefined
}

interface Generated {
  readonly map: SourceMap
  /** Directory that the map's sources are relative to. */
  readonly base: string
}

/**
 * Reads source text from the file system. A position in compiled JavaScript is followed through the source map that
 * its last lines name or that lies beside it; maps and files are read once. Text in the map (`sourcesContent`) wins
 * over the file, which may have changed or not be installed.
 */
export class FileSourceText implements SourceText {
  readonly #generated = new Map<string, Generated | undefined>()
  readonly #lines = new Map<string, readonly string[] | undefined>()

  locate(position: SourcePosition): SourcePosition {
    const path = toPath(position.file)
    const generated = /\.[cm]?js$/.test(path) ? this.#map(path) : undefined
    // The entry at or before the position; one on an earlier line says nothing about this one.
    const entry = generated?.map.findEntry(position.line - 1, position.column - 1)
    if (generated === undefined || entry === undefined || !('originalSource' in entry))
      return path === position.file ? position : { ...position, file: path }
    if (entry.generatedLine !== position.line - 1) return { ...position, file: path }
    return {
      file: sourcePath(generated.base, entry.originalSource),
      line: entry.originalLine + 1,
      column: entry.originalColumn + 1,
    }
  }

  line(file: string, line: number): string | undefined {
    const path = toPath(file)
    if (!this.#lines.has(path)) this.#lines.set(path, readText(path)?.split(/\r?\n/))
    return this.#lines.get(path)?.[line - 1]
  }

  #map(path: string): Generated | undefined {
    if (!this.#generated.has(path)) this.#generated.set(path, this.#readMap(path))
    return this.#generated.get(path)
  }

  #readMap(path: string): Generated | undefined {
    const named = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(
      readText(path)?.slice(-MAP_COMMENT_REACH) ?? '',
    )?.[1]
    const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(named ?? '')?.[1]
    const mapPath = inline === undefined ? resolve(dirname(path), named ?? `${path}.map`) : path
    const json = inline === undefined ? readText(mapPath) : Buffer.from(inline, 'base64').toString('utf8')
    if (json === undefined) return undefined
    try {
      const payload = JSON.parse(json) as ConstructorParameters<typeof SourceMap>[0]
      const base = dirname(mapPath)
      payload.sources.forEach((source, at) => {
        const content: unknown = payload.sourcesContent?.[at]
        if (typeof content === 'string')
          this.#lines.set(sourcePath(base, `${payload.sourceRoot ?? ''}${source}`), content.split(/\r?\n/))
      })
      return { map: new SourceMap(payload), base }
    } catch {
      // A map that cannot be read costs precision, nothing else.
      return undefined
    }
  }
}

/** How far from its end a file is searched for the name of its map: an inline one may be a few megabytes. */
const MAP_COMMENT_REACH = 8 * 1024 * 1024

function toPath(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file
  } catch {
    return file
  }
}

function sourcePath(base: string, source: string): string {
  return source.startsWith('file:') ? toPath(source) : resolve(base, source)
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
