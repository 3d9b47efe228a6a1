/** The page's style sheet. */
export const style = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#ffffff, #15181d);
  --pane: light-dark(#f7f8fa, #1b1f26);
  --line: light-dark(#dde1e7, #2d333d);
  --text: light-dark(#1d2430, #d7dde6);
  --dim: light-dark(#6a7483, #8b95a5);
  --key: light-dark(#8a3fb5, #c792ea);
  --reg: light-dark(#0b62b0, #72b7ff);
  --num: light-dark(#9a5400, #f2a65e);
  --str: light-dark(#2d7a3a, #93cf8c);
  --map: light-dark(#b0306a, #ff8fb8);
  --on: light-dark(#fff0b8, #4b4218);
  --pin: light-dark(#ffe08a, #66550f);
  --focus: light-dark(#1a6fe0, #7ab4ff);
  --taken: light-dark(#2c8a4b, #5fc77f);
  --jump: light-dark(#3567cf, #7fa6ff);
  --back: light-dark(#c2561a, #ff9a5c);
  --heat: light-dark(#e8590c, #ff8a3d);
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template-rows: auto minmax(0, 1fr);
  background: var(--bg); color: var(--text);
  font: 13px/1.45 system-ui, sans-serif;
}
code, .no, .count, .hits, .live, .state, svg text, td { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 12px; }
body > header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; padding: 8px 14px; border-bottom: 1px solid var(--line); }
h1 { font-size: 16px; margin: 0; }
body > header span { color: var(--dim); }
body > header b { color: var(--text); font-weight: 600; }
body > header .notes { flex-basis: 100%; margin: 0; padding: 0; list-style: none; color: var(--dim); }
kbd { font: 11px ui-monospace, monospace; border: 1px solid var(--line); border-radius: 3px; padding: 0 4px; background: var(--pane); }
main { display: grid; grid-template-columns: minmax(0, 31fr) minmax(0, 39fr) minmax(0, 30fr); min-height: 0; }
main > div { display: grid; grid-template-rows: auto minmax(0, 1fr); border-right: 1px solid var(--line); min-height: 0; }
main > div.side { grid-template-rows: auto minmax(0, 1fr) auto minmax(0, 42%); }
h2 { margin: 0; padding: 5px 12px; font-size: 11px; letter-spacing: .06em; text-transform: uppercase; color: var(--dim); background: var(--pane); border-bottom: 1px solid var(--line); }
h2 small { text-transform: none; letter-spacing: 0; font-weight: 400; }
.pane { overflow: auto; scrollbar-width: thin; }
body.wide main { grid-template-columns: minmax(0, 22fr) minmax(0, 28fr) minmax(0, 50fr); }
h2 .tools { float: right; }
button { font: 11px ui-monospace, monospace; color: var(--text); background: var(--bg); border: 1px solid var(--line); border-radius: 3px; padding: 0 6px; cursor: pointer; }
.pane:focus-visible, :focus-visible { outline: 2px solid var(--focus); outline-offset: -2px; }
h3 { position: sticky; top: 0; z-index: 1; margin: 0; padding: 4px 12px; font: 600 12px ui-monospace, monospace; background: var(--pane); border-bottom: 1px solid var(--line); }
h3 small { font-weight: 400; color: var(--dim); }
.src, .ins { display: flex; align-items: baseline; gap: 10px; padding: 0 10px 0 0; white-space: pre; border-left: 3px solid transparent; min-width: max-content; }
.src { color: var(--dim); }
.src.has { color: var(--text); cursor: pointer; }
.ins { cursor: pointer; }
.no { flex: none; width: 4.2em; text-align: right; color: var(--dim); user-select: none; }
.count { margin-left: auto; color: var(--dim); font-size: 10px; position: sticky; right: 0; padding: 0 5px; background: var(--bg); border-radius: 3px; }
.cut { color: var(--dim); padding-left: 5em; }
.hits { flex: none; width: 3.6em; text-align: right; color: var(--heat); }
.ins code { flex: none; min-width: 25em; }
.live { color: var(--dim); font-size: 11px; opacity: .85; }
.live .read { color: var(--text); }
.note { color: var(--str); }
.k { color: var(--key); } .r { color: var(--reg); } .n { color: var(--num); } .s { color: var(--str); } .m { color: var(--map); } .c { color: var(--dim); }
.block { padding: 2px 0 6px; }
.block > header { display: flex; gap: 12px; align-items: baseline; padding: 2px 10px; font-size: 11px; color: var(--dim); border-top: 1px solid var(--line); }
.block > header b { font: 600 12px ui-monospace, monospace; color: var(--text); }
.block > header .out { margin-left: auto; }
.block.dead, .unseen { opacity: .5; }
a { color: inherit; text-decoration: none; }
a:hover { text-decoration: underline; }
a.taken { color: var(--taken); } a.jump { color: var(--jump); } a.back { color: var(--back); }
.on { background: var(--on); border-left-color: var(--num); }
.pin { background: var(--pin); border-left-color: var(--heat); }
.h1 { border-left-color: color-mix(in srgb, var(--heat) 35%, transparent); }
.h2 { border-left-color: color-mix(in srgb, var(--heat) 50%, transparent); }
.h3 { border-left-color: color-mix(in srgb, var(--heat) 65%, transparent); }
.h4 { border-left-color: color-mix(in srgb, var(--heat) 80%, transparent); }
.h5 { border-left-color: var(--heat); }
#graph { background: var(--bg); }
svg { display: block; margin: 0 auto; max-width: none; }
svg text { font-size: 10px; fill: var(--dim); pointer-events: none; }
svg text.head { font-weight: 600; fill: var(--text); }
svg a text { pointer-events: auto; fill: var(--jump); cursor: pointer; }
.node rect { fill: var(--pane); stroke: var(--line); }
.node { cursor: pointer; outline: none; }
.node.dead { opacity: .45; }
.node.h1 rect, .node.h2 rect, .node.h3 rect, .node.h4 rect, .node.h5 rect { stroke: var(--heat); stroke-width: 1.5; }
.node.on rect { fill: var(--on); stroke: var(--num); }
.node.pin rect { fill: var(--pin); stroke: var(--heat); }
.node:focus-visible rect { stroke: var(--focus); stroke-width: 2; }
.edge { fill: none; stroke: var(--dim); stroke-width: 1.1; }
.edge.taken { stroke: var(--taken); } .edge.jump { stroke: var(--jump); } .edge.back { stroke: var(--back); stroke-dasharray: 4 3; }
.tip { fill: var(--dim); } .tip.taken { fill: var(--taken); } .tip.jump { fill: var(--jump); } .tip.back { fill: var(--back); }
#details { padding: 8px 12px; }
#details h4 { margin: 10px 0 3px; font-size: 11px; color: var(--dim); text-transform: uppercase; letter-spacing: .05em; }
#details h4:first-child { margin-top: 0; }
#details table { border-collapse: collapse; }
#details td { padding: 1px 14px 1px 0; vertical-align: top; white-space: nowrap; }
#details td:last-child { white-space: normal; }
#details td.off { color: var(--dim); }
#details .big { font-size: 14px; }
.state { margin: 2px 0; padding: 3px 6px; background: var(--pane); border: 1px solid var(--line); border-radius: 3px; overflow-wrap: anywhere; white-space: pre-wrap; }
.none { padding: 12px; color: var(--dim); }
@media (max-width: 1000px) {
  body { height: auto; display: block; }
  main { display: block; }
  .pane { max-height: 75vh; }
}
@media print { .pane { overflow: visible; } }
`
