/** Most characters of a name in a log line. */
const SHOWN = 200;

/** Characters that break a line, or that change how a terminal shows it. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Returns a name in a form that is safe in a log: clients choose names, and could forge lines or fill the
 * log.
 */
export function printable(name: string): string {
  const shown = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
  return shown.replace(
    UNPRINTABLE,
    character => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
