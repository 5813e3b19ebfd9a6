import {readFile} from 'node:fs/promises';
import {Problem} from './problem';

/** The longest time of a download, in ms. */
const PATIENCE = 30_000;

/**
 * Reads a document of JSON from an address or a file.
 *
 * @throws {Problem} when it cannot be read.
 */
export async function readDocument(from: string): Promise<unknown> {
  const isUrl = /^https?:/i.test(from);
  const text = isUrl ? await download(from) : await readText(from);
  try {
    // Some editors begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    throw new Problem(
      `${from} is not JSON. Give the JSON form of the document: http://…/asyncapi.json, or what exportAsyncApiSpec writes to a .json file.`,
    );
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Problem(
      `Cannot read ${file} (${reasonOf(error)}). Give the file or the URL of the AsyncAPI document.`,
    );
  }
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      headers: {Accept: 'application/json'},
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    throw new Problem(
      `${url} answers ${response.status}. Check the path (/asyncapi.json, after the REST API's basePath), or save the document and give the file.`,
    );
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `Cannot reach ${url} (${reasonOf(error)}). Start the server, or give a file of the document.`,
    );
  }
}

/** Returns the code of a system's error, which is short, or else the message. */
function reasonOf(error: unknown): string {
  const {cause = error} = error as Error;
  const {code, message} = cause as NodeJS.ErrnoException;
  return code ?? message;
}
