import {formatNumber} from './numbers.mjs';

const WIDTH = 760;
const LABELS = 330;
const VALUES = 90;
const ROW = 24;
const BAR = 14;
const TOP = 46;

// The background is part of the picture, so that it can be read on any page.
const STYLE = `
  .page { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 12px system-ui, sans-serif }
  .title { font-size: 14px; font-weight: 600 }
  .bar { fill: #8c959f }
  .ours { fill: #1a7f37 }
  .spread { stroke: #1f2328 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .bar { fill: #6e7681 }
    .ours { fill: #3fb950 }
    .spread { stroke: #e6edf3 }
  }`;

/** One bar for each subject, with a line from the least to the most. */
export function barChart({title, unit, digits}, rows) {
  const most = Math.max(...rows.map(({value}) => value.max));
  const scale = value => (value / most) * (WIDTH - LABELS - VALUES);
  const height = TOP + rows.length * ROW + 10;
  const bars = rows.map(({subject, value}, index) => {
    const y = TOP + index * ROW;
    const middle = y + BAR / 2;
    const end = LABELS + scale(Math.max(value.median, value.max)) + 8;
    return `
  <text x="${LABELS - 10}" y="${middle + 4}" text-anchor="end">${plain(subject.title)}</text>
  <rect class="${subject.own ? 'ours' : 'bar'}" x="${LABELS}" y="${y}" width="${round(scale(value.median))}" height="${BAR}"/>
  <line class="spread" x1="${round(LABELS + scale(value.min))}" x2="${round(LABELS + scale(value.max))}" y1="${middle}" y2="${middle}"/>
  <text x="${round(end)}" y="${middle + 4}">${formatNumber(value.median, digits)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${plain(title)}</title>
  <style>${STYLE}
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
  <text class="title" x="16" y="26">${plain(title)} (${unit})</text>${bars.join('')}
</svg>
`;
}

function plain(title) {
  return title.replace(/[*&<]/g, '');
}

function round(value) {
  return value.toFixed(1);
}
