import { readFileSync, writeFileSync } from 'node:fs'

const begin = '<!-- What follows is written by: npm run test:kernels -- --write-docs -->'
const end = '<!-- end -->'

/** Writes the results as a table between two marks of a Markdown file. */
export function writeTable(file, results) {
  const text = readFileSync(file, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table`)
  const head =
    '| Kernel | Architecture | Package | From | Attached by | Translated by | Result |\n| --- | --- | --- | --- | --- | --- | --- |'
  const rows = results.map(row).join('\n')
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${head}\n${rows}\n\n${text.slice(to)}`)
}

function row({ name, architecture, release, version, distribution, outcome, facts = {}, good, total }) {
  if (release === undefined)
    return `| ${name} | ${architecture} | | ${distribution} | | | not run: the package was not to be had |`
  const kernel = /^(\d+\.\d+(\.\d+)?)/.exec(version)?.[0] ?? release
  const { attached = '—', translation = '—', refusal } = facts
  const result =
    outcome === 'failed'
      ? `**${good} of ${total} checks**`
      : refusal === undefined
        ? `works, ${total} checks`
        : `refused: “${refusal}”`
  return `| ${kernel} | ${architecture} | \`${release}\` | ${distribution} | ${attached} | ${translation} | ${result} |`
}
