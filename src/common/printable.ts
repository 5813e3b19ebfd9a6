/** Characters of a name that a log line shows. */
const SHOWN = 200;

/** What breaks a line, or changes how a terminal shows it. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A name as a log may show it: a client may have chosen it, to forge lines or to fill the log. */
export function printable(name: string): string {
  const shown = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
  return shown.replace(
    UNPRINTABLE,
    character => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
