// testing/report/page_head.h: how the page looks, light and dark, wide and narrow.
#pragma once

namespace report {

constexpr char PAGE_HEAD[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Tessera: what it costs</title>
<style>
:root { color-scheme: light dark;
  --page: #fff; --ink: #1c2128; --soft: #57606a; --line: #d8dee4; --card: #f6f8fa;
  --with: #1a7f64; --without: #d9763f; --mark: #2f6fb3; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --ink: #e6e9ee; --soft: #9aa4b0; --line: #323942; --card: #1d2229;
  --with: #35b08d; --without: #d9763f; --mark: #6aa6e6; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  margin: 0 auto; max-width: 1060px; padding: 1.5em 1.2em 4em; }
h1 { font-size: 1.9em; line-height: 1.2; margin: 0 0 .3em; }
h2 { font-size: 1.3em; line-height: 1.3; margin: 2.4em 0 .4em; }
p { margin: .4em 0 1em; max-width: 75ch; }
.lead { font-size: 1.15em; }
code { font: .87em/1.4 ui-monospace, monospace; }
nav { display: flex; flex-wrap: wrap; gap: .2em 1.2em; margin: 1em 0; font-size: .93em; }
a { color: var(--mark); }
.cards { display: grid; gap: .8em; grid-template-columns: repeat(auto-fit, minmax(13em, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .8em 1em; }
.card b { display: block; font-size: 1.8em; line-height: 1.2; color: var(--with); }
.card span { display: block; color: var(--soft); font-size: .9em; }
i.with, .bar .with { background: var(--with); }
i.without, .bar .without { background: var(--without); }
.legend { color: var(--soft); font-size: .9em; }
.legend i { display: inline-block; width: .9em; height: .9em; border-radius: 2px;
  margin: 0 .4em -.1em .8em; }
.legend i:first-child { margin-left: 0; }
.pair, .boot { display: grid; align-items: center; gap: .2em 1em; padding: .4em 0;
  border-bottom: 1px solid var(--line); grid-template-columns: 15em 1fr 4.5em; }
.boot { grid-template-columns: 15em 1fr; }
.pair b { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: flex; align-items: center; gap: .5em; padding-right: 7em; height: 1.25em; }
.bar i { flex: none; height: .85em; min-width: 1px; border-radius: 2px; }
.bar span { flex: none; font-size: .85em; font-variant-numeric: tabular-nums; }
.boot div { display: flex; height: 24px; border-radius: 3px; overflow: hidden; }
.phase, .frame { color: #14171c; font: 12px/20px ui-monospace, monospace; overflow: hidden;
  white-space: nowrap; text-overflow: ellipsis; text-indent: 3px; }
.phase { flex: none; line-height: 24px; min-width: 0; box-shadow: inset -1px 0 var(--page); }
.flame { position: relative; overflow: hidden; margin: 0 0 1em; }
.frame { position: absolute; height: 21px; border-radius: 2px;
  box-shadow: inset -1px 0 var(--page); }
.frame:hover, .frame:focus { outline: 2px solid var(--ink); outline-offset: -2px; }
.growths { display: flex; flex-wrap: wrap; gap: 1.2em 2em; }
.growth { margin: 0; width: 178px; }
.growth figcaption span { display: block; color: var(--soft); font-size: .8em; }
.growth svg { display: block; overflow: visible; }
.growth text { font: 11px ui-monospace, monospace; fill: var(--ink); }
.growth polyline { fill: none; stroke: var(--mark); stroke-width: 1.5; }
.growth polygon { fill: var(--mark); opacity: .14; }
.growth circle { fill: var(--mark); }
.growth line { stroke: var(--line); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92em; }
td, th { padding: .25em .7em; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tr.groups th { text-align: center; }
td:first-child, th:first-child, .why td:last-child, .why th:last-child, .named td:nth-child(2),
.named th:nth-child(2) { text-align: left; }
td:first-child { font: .93em/1.6 ui-monospace, monospace; }
.why td:last-child { min-width: 18em; white-space: normal; color: var(--soft); }
details { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: .35em 0; font: .87em/1.4 ui-monospace, monospace; }
@media (max-width: 640px) {
  body { padding: 1em .8em 3em; }
  .pair, .boot { grid-template-columns: 1fr auto; }
  .pair > div, .boot > div { grid-column: 1 / -1; }
  .pair > code { grid-row: 1; } .pair > b { grid-row: 1; grid-column: 2; }
  .pair > div { grid-row: 2; }
  .why, .why tbody { display: block; }
  .why tr { display: flex; flex-wrap: wrap; padding: .3em 0; border-bottom: 1px solid var(--line); }
  .why td, .why th { flex: 1 1 0; border: 0; padding: 0 .2em; }
  .why td:first-child, .why th:first-child, .why td:last-child, .why th:last-child {
    flex-basis: 100%; min-width: 0; }
}
</style>
</head>
<body>
)";

}  // namespace report
