import {parseArgs} from 'node:util';
import {Problem} from './problem';

export const USAGE = `Usage: loopback4-socket-client types --from <URL or file> --out <file> [--check]

Writes the TypeScript types of a server's methods and events.

  --from   the AsyncAPI document: http://localhost:3000/asyncapi.json, or a JSON file
  --out    the file to write, such as src/api.ts
  --check  writes nothing: prints the difference, and ends with exit code 1 if there is one
  --help   prints this text`;

const HELP = 'See loopback4-socket-client --help.';

/** The arguments of the command. */
export interface Wishes {
  readonly from: string;
  readonly out: string;
  readonly check: boolean;
}

/**
 * Reads the arguments of the command.
 *
 * @returns `undefined` when the user asks for help.
 * @throws {Problem} for missing and unknown arguments.
 */
export function readArguments(given: string[]): Wishes | undefined {
  const {values, positionals} = parse(given);
  if (values.help) return undefined;
  const command = positionals.at(0);
  if (command !== 'types') {
    const reason =
      command === undefined ? 'The command is missing' : `"${command}" is no command`;
    throw new Problem(`${reason}: the only one is "types". ${HELP}`);
  }
  if (positionals.length > 1) {
    throw new Problem(
      `"${positionals.slice(1).join(' ')}" is an argument too many. ${HELP}`,
    );
  }
  const {from, out, check = false} = values;
  if (!from) {
    throw new Problem(`--from is missing: give the document's URL or file. ${HELP}`);
  }
  if (!out) throw new Problem(`--out is missing: give the file to write. ${HELP}`);
  return {from, out, check};
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: {type: 'string'},
        out: {type: 'string'},
        check: {type: 'boolean'},
        help: {type: 'boolean', short: 'h'},
      },
    });
  } catch (error) {
    // Node's next sentences explain how to pass such a value after all.
    const [reason] = (error as Error).message.split(/[.\n]/);
    throw new Problem(`${reason}. ${HELP}`);
  }
}
