import {readArguments, USAGE} from './arguments';
import {lineDiff} from './line-diff';
import {readOutput, writeOutput} from './output-file';
import {Problem} from './problem';
import {readDocument} from './read-document';
import {SpecDocument} from './spec-document';
import type {Compile} from './type-declarations';
import {typesOf} from './write-types';

/** Runs the command `loopback4-socket-client`. */
async function run(args: string[]): Promise<void> {
  const wishes = readArguments(args);
  if (!wishes) {
    console.log(USAGE);
    return;
  }
  const {check, from, out} = wishes;
  const compile = await loadCompiler();
  const document = new SpecDocument(await readDocument(from), from);
  const text = await typesOf(document, compile);
  const present = await readOutput(out);
  if (present === text) {
    console.log(`${out} is up to date.`);
  } else if (!check) {
    await writeOutput(out, text);
    console.log(`${out} is written.`);
  } else if (present === undefined) {
    throw new Problem(`${out} does not exist. Run the command without --check.`);
  } else {
    console.log(lineDiff(present, text));
    throw new Problem(
      `${out} is not what ${from} describes. Run the command without --check.`,
    );
  }
}

async function loadCompiler(): Promise<Compile> {
  try {
    const {compile} = await import('json-schema-to-typescript');
    return compile as Compile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Problem(
      'json-schema-to-typescript is missing, which writes the types. Install it beside loopback4-socket-client: npm install --save-dev json-schema-to-typescript',
    );
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (error instanceof RangeError) return 'The document has too many levels of schemas.';
  return `Unexpected error, please report it: ${String(error)}`;
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  // A name of the document may have line breaks.
  console.error(messageOf(error).replaceAll(/\s*\n\s*/g, ' '));
  process.exitCode = 1;
}
