import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {createRequire} from 'node:module';
import {barChart} from './bar-chart.mjs';
import {describeEnvironment} from './environment.mjs';
import {kindSection, toMarkdown} from './markdown.mjs';

const docs = new URL('../../docs/', import.meta.url);

/** Writes docs/performance.md, the plots beside it, and the values that both are made of. */
export async function writeReport({runs, summary, counts, settings}) {
  const folder = new URL('performance/', docs);
  await mkdir(folder, {recursive: true});
  const environment = describeEnvironment();
  const text = toMarkdown({runs, summary, counts, settings, environment});
  await writeFile(new URL('performance.md', docs), await formatted(text, 'markdown'));
  const values = JSON.stringify({environment, settings, counts, runs});
  await writeFile(new URL('results.json', folder), await formatted(values, 'json'));
  for (const {metric, rows} of summary.filter(({metric}) => metric.plot)) {
    await writeFile(new URL(`${metric.name}.svg`, folder), barChart(metric, rows));
  }
}

/** Writes the section of one kind of subjects and its values, and leaves the rest of the page as it is. */
export async function writeKindSection(kind, {runs, summary, settings}) {
  const page = new URL('performance.md', docs);
  const results = new URL('performance/results.json', docs);
  const {versions, ...machine} = describeEnvironment();
  const name = 'socket.io-client';
  const environment = {...machine, versions: {[name]: versions[name]}};
  const section = kindSection(kind, {summary, settings, environment});
  const text = replaceSection(await readFile(page, 'utf8'), section);
  await writeFile(page, await formatted(text, 'markdown'));
  const all = JSON.parse(await readFile(results, 'utf8'));
  const values = {...all, [`${kind}s`]: {environment, settings, runs}};
  await writeFile(results, await formatted(JSON.stringify(values), 'json'));
}

/** Replaces the section with the same title, or adds it before the counts. */
function replaceSection(page, section) {
  const sections = page.split(/^(?=## )/m);
  const indexOf = title => sections.findIndex(each => each.startsWith(`${title}\n`));
  const [title] = section.split('\n');
  const at = indexOf(title);
  sections.splice(at < 0 ? indexOf('## Counts') : at, at < 0 ? 0 : 1, `${section}\n\n`);
  return sections.join('');
}

/** As the repository formats its files. */
async function formatted(text, parser) {
  const root = createRequire(new URL('../package.json', docs));
  const {default: prettier} = await import(pathToFileURL(root.resolve('prettier')).href);
  const options = await prettier.resolveConfig(new URL('performance.md', docs));
  return prettier.format(text, {...options, parser});
}
