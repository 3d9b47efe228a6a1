import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's directory. */
export const project = fileURLToPath(new URL('../', import.meta.url))

/** Packs what is built into `directory`. @returns the tarball, and the paths in it */
export function pack(directory) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory]
  const output = execFileSync('npm', args, {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [{ filename, files }] = JSON.parse(output)
  return { tarball: join(directory, filename), paths: files.map(({ path }) => path) }
}
