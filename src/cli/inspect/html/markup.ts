/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Pieces of TypeScript and C that are coloured; the rest is not. */
const sourceToken =
  /(^\s*\*(?:\s.*|\/)?$|\/\/.*|\/\*.*?(?:\*\/|$))|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|\b(\d\w*)\b|\b(const|let|var|function|return|if|else|for|while|switch|case|break|continue|import|export|from|type|interface|new|class|extends|readonly|static|struct|int|void|char|long|unsigned|async|await|typeof|throw|true|false|null|undefined)\b/g

/** A line of source with its comments, strings, numbers and keywords marked. */
export function highlightSource(line: string): string {
  return mark(line, sourceToken, ['c', 's', 'n', 'k'])
}

const codeToken =
  /\b([rw]\d{1,2})\b|\b(goto|call|if|exit|lock|may_goto|gotol|callx|ll)\b|(map\[[^\]]*\])|(-?\b(?:0x[0-9a-f]+|\d+)\b)|(\*?\([us]\d+ \*\))/g

/** An instruction in pseudo-C with registers, keywords, maps, numbers and types of memory marked. */
export function highlightCode(text: string): string {
  return mark(text, codeToken, ['r', 'k', 'm', 'n', 'c'])
}

/** Wraps what a group of the pattern matches in `<span class>`, by the group's place. */
function mark(text: string, pattern: RegExp, classes: readonly string[]): string {
  let out = ''
  let end = 0
  for (const match of text.matchAll(pattern)) {
    const group = match.slice(1).findIndex((part) => part !== undefined)
    out += `${escapeHtml(text.slice(end, match.index))}<span class="${classes[group]}">${escapeHtml(match[0])}</span>`
    end = match.index + match[0].length
  }
  return out + escapeHtml(text.slice(end))
}

/** How hot something is, 0 to 5, for its background: by the logarithm of how often it ran. */
export function heat(hits: number | undefined, most: number): number {
  if (!hits || most < 1) return 0
  return Math.max(1, Math.ceil((5 * Math.log2(hits + 1)) / Math.log2(most + 1)))
}
