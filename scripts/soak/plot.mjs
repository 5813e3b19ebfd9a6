const WIDTH = 760;
const LEFT = 60;
const RIGHT = 20;
const TOP = 50;
const PANEL = 130;
const PLOT = 84;

// The background is part of the picture, so that it can be read on any page.
const STYLE = `
  .page { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 12px system-ui, sans-serif }
  .title { font-size: 14px; font-weight: 600 }
  .axis { stroke: #d0d7de }
  .line { fill: none; stroke: #1a7f37; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .axis { stroke: #30363d }
    .line { stroke: #3fb950 }
  }`;

/** One panel below the other, over the same minutes; all begin at zero. */
export function plot(title, panels) {
  const height = TOP + panels.length * PANEL + 16;
  const last = Math.max(
    ...panels.flatMap(({points}) => points.map(([minute]) => minute)),
  );
  const x = minute => (LEFT + (minute / last) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const drawn = panels.map((panel, at) => draw(panel, TOP + at * PANEL, x));
  const ticks = Array.from({length: 6}, (_, at) => Math.round((last * at) / 5));
  const labels = ticks.map(
    minute =>
      `\n  <text x="${x(minute)}" y="${height - 10}" text-anchor="middle">${minute}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${title}</title>
  <style>${STYLE}
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
  <text class="title" x="16" y="26">${title}</text>${drawn.join('')}${labels.join('')}
</svg>
`;
}

function draw({title, points}, top, x) {
  const most = Math.max(...points.map(([, value]) => value));
  const from = top + 20;
  const bottom = from + PLOT;
  const y = value => (bottom - (value / most) * PLOT).toFixed(1);
  const line = points.map(([minute, value]) => `${x(minute)},${y(value)}`).join(' ');
  return `
  <text x="16" y="${top + 10}">${title}</text>
  <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>
  <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${from}" y2="${from}"/>
  <text x="${LEFT - 8}" y="${bottom + 4}" text-anchor="end">0</text>
  <text x="${LEFT - 8}" y="${from + 4}" text-anchor="end">${Math.round(most)}</text>
  <polyline class="line" points="${line}"/>`;
}
