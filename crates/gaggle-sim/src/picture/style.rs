//! What the page looks like.

/// Two columns for the number and the time, then one for each goroutine; a lane's line runs behind its cells.
pub(super) const CSS: &str = "
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --ink: #1d2126; --faint: #6a737d; --rule: #e3e5e8; --band: #f3f4f6;
  --ready: #2f7fd1; --waits: #b3bac3; --switch: #9a5b00; --switch-paper: #fff3dc;
  --bad: #b3261e; --bad-paper: #fde8e6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #e4e7eb; --faint: #97a1ad; --rule: #2b3036; --band: #1e2227;
    --ready: #62a8ee; --waits: #4b545e; --switch: #f0b45b; --switch-paper: #3a2c12;
    --bad: #ff8a80; --bad-paper: #43201e;
  }
}
*, ::before { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
header { position: sticky; left: 0; width: min(100vw, 75rem); padding: 1.2rem 1.4rem .4rem; }
h1 { margin: 0 0 .5rem; font-size: 1.15rem; color: var(--bad); }
pre { margin: 0 0 .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: 0 0 .8rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
code { user-select: all; background: var(--band); padding: .1rem .35rem; border-radius: 4px; }
ul { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0; padding: 0; list-style: none; color: var(--faint); font-size: .85rem; }
ul i { display: inline-block; width: 1.1rem; height: .7rem; margin-right: .4rem; vertical-align: -.05rem; }
i.ready { border-left: 3px solid var(--ready); }
i.waits { border-left: 3px dotted var(--waits); }
i.switch { background: var(--switch-paper); border-left: 3px solid var(--switch); }
i.last { background: var(--bad-paper); border-left: 3px solid var(--bad); }
main { display: grid; width: max-content; padding: 0 1.4rem 3rem; }
main > * { padding: .16rem .6rem; }
.head { position: sticky; top: 0; z-index: 3; background: var(--paper); border-bottom: 2px solid var(--rule);
  padding-top: .6rem; font-weight: 600; }
.head small { display: block; max-width: 28rem; overflow-wrap: anywhere; font-weight: 400; color: var(--faint); }
.n, .t { color: var(--faint); text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.life { padding: 0; margin-left: .6rem; width: 0; border-left: 3px solid var(--ready); }
.life.waits { border-left: 3px dotted var(--waits); }
.row { padding: 0; border-radius: 4px; }
.row:hover { background: var(--band); }
.do { position: relative; z-index: 1; pointer-events: none; margin-left: .6rem; padding-left: 1rem; max-width: 28rem; overflow-wrap: anywhere; }
.do::before { content: ''; position: absolute; left: -3px; top: .5rem; width: 9px; height: 9px; border-radius: 50%; background: var(--ready); }
.do small { color: var(--faint); margin-left: .6rem; font-weight: 400; white-space: nowrap; }
.do.waits::before { background: var(--paper); border: 2px solid var(--faint); }
.do.switch, .do.last { border-radius: 0 4px 4px 0; }
.do.switch { color: var(--switch); background: var(--switch-paper); }
.do.switch::before { background: var(--switch); border-radius: 0; }
.do.last { color: var(--bad); background: var(--bad-paper); font-weight: 600; }
.do.last::before { background: var(--bad); border-radius: 0; }
.clock { position: relative; z-index: 1; pointer-events: none; margin: .35rem 0; padding: .05rem 1rem; background: var(--band); color: var(--faint); font-size: .85rem;
  border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.clock span { position: sticky; left: 1rem; }
";
