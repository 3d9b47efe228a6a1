/**
 * The page's script. It only marks, scrolls and fills the details; everything that it shows is in the page already.
 * Plain JavaScript in a string, so that what a browser gets is what is written here.
 */
export const script = `'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const panes = { source: document.getElementById('source'), code: document.getElementById('code'), graph: document.getElementById('graph') }
const details = document.getElementById('details')
const rows = (pane) => [...panes[pane].querySelectorAll(pane === 'graph' ? '.node' : '[data-k]')]
const all = { source: rows('source'), code: rows('code'), graph: rows('graph') }
const byKey = new Map()
for (const row of [...all.source, ...all.code]) {
  const key = row.dataset.k
  if (key === '') continue
  if (!byKey.has(key)) byKey.set(key, [])
  byKey.get(key).push(row)
}
const nodes = new Map(all.graph.map((node) => [Number(node.dataset.b), node]))
const instructions = all.code

/** Everything that belongs together with a row: its line, the instructions of that line, their blocks. */
function related(row) {
  const found = new Set([row])
  if (row.dataset.b !== undefined) {
    const block = data.blocks[Number(row.dataset.b)]
    for (let i = block.start; i < block.end; i++) {
      found.add(instructions[i])
      for (const other of byKey.get(instructions[i].dataset.k) || []) if (other.dataset.i === undefined) found.add(other)
    }
    return found
  }
  for (const other of byKey.get(row.dataset.k) || []) found.add(other)
  for (const other of [...found]) if (other.dataset.i !== undefined) {
    const node = nodes.get(data.instructions[Number(other.dataset.i)].block)
    if (node && (row.dataset.i === undefined || other === row)) found.add(node)
  }
  return found
}

function mark(className, row) {
  for (const old of document.querySelectorAll('.' + className)) old.classList.remove(className)
  if (row) for (const other of related(row)) other.classList.add(className)
}

function paneOf(row) {
  return Object.keys(panes).find((name) => panes[name].contains(row))
}

/** Scrolls the other panes to the first thing that belongs to the row; a pane that shows one of them stays. */
function reveal(row) {
  const found = [...related(row)]
  for (const name of Object.keys(panes)) {
    if (name === paneOf(row)) continue
    const own = found.filter((other) => panes[name].contains(other))
    own.sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1))
    if (own.length === 0) continue
    const box = panes[name].getBoundingClientRect()
    const visible = own.some((other) => {
      const at = other.getBoundingClientRect()
      return at.top >= box.top && at.bottom <= box.bottom && (name !== 'graph' || (at.left >= box.left && at.right <= box.right))
    })
    if (!visible) own[0].scrollIntoView({ block: 'center', inline: name === 'graph' ? 'center' : 'nearest' })
  }
}

function element(name, text, className) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (className) made.className = className
  return made
}

function table(entries) {
  const made = element('table')
  for (const cells of entries) {
    const line = made.appendChild(element('tr'))
    cells.forEach((cell, i) => line.appendChild(element('td', cell, i === 0 ? 'off' : '')))
  }
  return made
}

/** Shows what is known of one instruction, or of all instructions of a line or block. */
function show(row) {
  const index = row.dataset.i !== undefined ? Number(row.dataset.i)
    : row.dataset.b !== undefined ? data.blocks[Number(row.dataset.b)].start
    : Number(([...related(row)].find((other) => other.dataset.i !== undefined) || { dataset: { i: 0 } }).dataset.i)
  const it = data.instructions[index]
  if (!it) return
  details.replaceChildren()
  const add = (title, ...content) => {
    details.append(element('h4', title), ...content)
  }
  add('Instruction ' + it.slot, element('code', it.text, 'big'))
  const facts = [['bytes', it.bytes.replace(/../g, '$& ').trim()]]
  if (it.source) facts.push(['source', it.source])
  if (it.reads.length) facts.push(['reads', it.reads.join(', ')])
  if (it.writes.length) facts.push(['writes', it.writes.join(', ')])
  if (it.hits !== undefined) facts.push(['executed', it.hits + (it.hits === 1 ? ' time' : ' times')])
  details.append(table(facts))
  const live = Object.entries(it.live)
  add('Needed from here on', live.length ? table(live) : element('span', 'no register', 'c'))
  if (data.verifier) {
    const visits = it.verifier
    add('Verifier: ' + (visits ? 'came by ' + (visits.count === 1 ? 'once' : visits.count + ' times') : 'never came by'),
      ...(visits ? visits.states.map((state) => element('div', state, 'state')) : []))
    if (visits && visits.states.length < visits.count) details.append(element('span', visits.states.length + ' different states shown', 'c'))
  }
  if (data.machine) {
    const code = it.machine
    add('Machine code' + (code && code.shared > 1 ? ' of ' + code.shared + ' instructions' : ''),
      element('div', code ? (code.assembly || [code.bytes.replace(/../g, '$& ').trim()]).join('\\n') : 'none of its own', 'state'))
    if (code) details.append(element('span', code.address + ': ' + code.bytes.replace(/../g, '$& ').trim(), 'c'))
  }
  const stack = data.stacks[data.blocks[it.block].function]
  if (stack.length) add('Stack of ' + data.functions[data.blocks[it.block].function],
    table(stack.map((object) => [object.range, object.size, object.name + (object.uses.includes(index) ? '  ◀' : '')])))
}

let pinned
function pin(row) {
  pinned = row
  mark('pin', row)
  show(row)
  reveal(row)
}

/** One row of each pane is in the order of tab stops. */
function focusRow(row) {
  const pane = paneOf(row)
  for (const other of all[pane]) other.tabIndex = -1
  row.tabIndex = 0
  row.focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

for (const name of Object.keys(panes)) {
  const pane = panes[name]
  if (all[name][0]) all[name][0].tabIndex = 0
  const rowAt = (target) => target.closest && target.closest(name === 'graph' ? '.node' : '[data-k]')
  pane.addEventListener('pointerover', (event) => {
    const row = rowAt(event.target)
    mark('on', row)
    if (row && !pinned) show(row)
  })
  pane.addEventListener('pointerleave', () => mark('on'))
  pane.addEventListener('click', (event) => {
    if (event.target.closest('a')) return
    const row = rowAt(event.target)
    if (!row) return
    focusRow(row)
    pin(row)
  })
  pane.addEventListener('focusin', (event) => {
    const row = rowAt(event.target)
    if (!row) return
    mark('on', row)
    reveal(row)
    if (!pinned) show(row)
  })
  pane.addEventListener('keydown', (event) => {
    const row = rowAt(event.target)
    if (!row) return
    const list = all[name]
    const at = list.indexOf(row)
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15 }[event.key]
    if (step !== undefined) focusRow(list[Math.max(0, Math.min(list.length - 1, at + step))])
    else if (event.key === 'Home') focusRow(list[0])
    else if (event.key === 'End') focusRow(list[list.length - 1])
    else if (event.key === 'Enter' || event.key === ' ') pin(row)
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const order = ['source', 'code', 'graph']
      const next = order[order.indexOf(name) + (event.key === 'ArrowRight' ? 1 : -1)]
      const there = next && [...related(row)].find((other) => panes[next].contains(other))
      if (there) focusRow(there)
    } else return
    event.preventDefault()
  })
}
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  pinned = undefined
  mark('pin')
})
document.addEventListener('click', (event) => {
  const link = event.target.closest && event.target.closest('a[href^="#b"]')
  if (!link) return
  event.preventDefault()
  const block = data.blocks[Number(link.getAttribute('href').slice(2))]
  const row = instructions[block.start]
  row.scrollIntoView({ block: 'center', inline: 'nearest' })
  focusRow(row)
  pin(row)
})

/** The graph's size: as it is drawn, smaller, larger, or as wide as its pane. */
const drawings = [...panes.graph.querySelectorAll('svg')].map((svg) => ({ svg, width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height }))
let zoom = 1
function setZoom(wanted) {
  zoom = Math.max(0.15, Math.min(2.5, wanted))
  for (const { svg, width, height } of drawings) {
    svg.setAttribute('width', width * zoom)
    svg.setAttribute('height', height * zoom)
  }
  const middle = panes.graph.querySelector('.pin') || panes.graph.querySelector('.on') || all.graph[0]
  if (middle) middle.scrollIntoView({ block: 'center', inline: 'center' })
}
const commands = {
  in: () => setZoom(zoom * 1.25),
  out: () => setZoom(zoom / 1.25),
  fit: () => setZoom(Math.min(1, ...drawings.map(({ width }) => (panes.graph.clientWidth - 8) / width))),
  wide: () => {
    document.body.classList.toggle('wide')
    setZoom(zoom)
  },
}
for (const button of document.querySelectorAll('button[data-do]')) button.addEventListener('click', commands[button.dataset.do])

if (instructions[0]) {
  show(instructions[0])
  reveal(instructions[0])
}
`
