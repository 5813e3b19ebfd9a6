import {mkdir, writeFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {createRequire} from 'node:module';
import {barChart} from './bar-chart.mjs';
import {describeEnvironment} from './environment.mjs';
import {toMarkdown} from './markdown.mjs';

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

/** As the repository formats its files. */
async function formatted(text, parser) {
  const root = createRequire(new URL('../package.json', docs));
  const {default: prettier} = await import(pathToFileURL(root.resolve('prettier')).href);
  const options = await prettier.resolveConfig(new URL('performance.md', docs));
  return prettier.format(text, {...options, parser});
}
