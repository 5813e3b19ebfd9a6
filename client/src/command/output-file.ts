import {readFile, rename, rm, writeFile} from 'node:fs/promises';
import {Problem} from './problem';

/** Returns a file's text, with line ends of LF; `undefined` when there is no file. */
export async function readOutput(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw cannot('read', file, error);
  }
}

/** Writes a file as a whole, or not at all. */
export async function writeOutput(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, {force: true}).catch(() => undefined);
    throw cannot('write', file, error);
  }
}

function cannot(act: 'read' | 'write', file: string, error: unknown): Problem {
  const code = codeOf(error);
  return new Problem(
    `Cannot ${act} ${file} (${code ?? (error as Error).message}). Give --out a file in a folder that exists and that you may write to.`,
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
