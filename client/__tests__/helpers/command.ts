import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import * as ts from 'typescript';

/** The root of the repository. */
export const ROOT = join(__dirname, '../../../../..');

/** The command as it is published. */
export const COMMAND = join(ROOT, 'client', 'dist', 'command.js');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which the command runs and its types are compiled; removed by `using`. */
export class Workshop implements Disposable {
  readonly folder: string;

  constructor() {
    const parent = join(ROOT, 'dist-test');
    mkdirSync(parent, {recursive: true});
    this.folder = mkdtempSync(join(parent, 'types-'));
  }

  write(file: string, content: unknown): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(this.folder, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  /** Runs the command `types` in a process of its own. */
  types(...args: string[]): Promise<Outcome> {
    return this.run(COMMAND, 'types', ...args);
  }

  async run(...args: string[]): Promise<Outcome> {
    const options = {cwd: this.folder, timeout: 60_000};
    try {
      const {stdout, stderr} = await promisify(execFile)(process.execPath, args, options);
      return {code: 0, stdout, stderr};
    } catch (error) {
      return error as Outcome;
    }
  }

  /** Writes `api.ts` of a document, and returns it. */
  async api(document: unknown): Promise<string> {
    this.write('asyncapi.json', document);
    const {code, stderr} = await this.types('--from', 'asyncapi.json', '--out', 'api.ts');
    if (code !== 0) throw new Error(stderr);
    return this.read('api.ts');
  }

  /** Compiles files strictly, as a front end does; returns the mistakes. */
  compile(...files: string[]): string[] {
    const program = ts.createProgram(
      files.map(file => join(this.folder, file)),
      {
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        types: [],
        strict: true,
        skipLibCheck: true,
        noEmit: true,
      },
    );
    return ts
      .getPreEmitDiagnostics(program)
      .map(({messageText}) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, {recursive: true});
  }
}

/** The names that a TypeScript file declares: it has declarations and nothing else. */
export function declaredNames(source: string): string[] {
  const file = ts.createSourceFile('api.ts', source, ts.ScriptTarget.Latest);
  return file.statements.map(statement => {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      return statement.name.text;
    }
    throw new Error(`${ts.SyntaxKind[statement.kind]} is no declaration of a type.`);
  });
}
