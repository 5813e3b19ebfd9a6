import type {JsonObject} from './objects';

/** Returns a text that does not end the comment that it is written into. */
export function commentText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/[ \t]+$/gm, '')
    .replaceAll('*/', '*\\/')
    .trim();
}

/**
 * Returns the TSDoc comment of a method or an event, with a line break after it; nothing when it has no texts. It is
 * never of one line: `@ts-expect-error` in such a comment is an order to the compiler.
 */
export function commentOf(texts: JsonObject, indent: string): string {
  const {summary, description} = texts;
  const paragraphs = [summary, description]
    .filter(text => typeof text === 'string')
    .map(commentText)
    .filter(text => text !== '');
  if (texts.deprecated === true || texts['x-deprecated'] === true) {
    paragraphs.push('@deprecated');
  }
  if (paragraphs.length === 0) return '';
  const lines = paragraphs.join('\n\n').split('\n');
  const body = lines.map(line => `${indent} *${line && ` ${line}`}\n`).join('');
  return `${indent}/**\n${body}${indent} */\n`;
}
