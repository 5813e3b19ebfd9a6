import {exportAsyncApiSpec} from 'loopback4-socket';
import {ExampleApplication} from './application';

/** Writes the AsyncAPI document to the file that the command names, or prints it. */
async function exportSpec(): Promise<void> {
  const app = new ExampleApplication();
  await app.boot();
  await exportAsyncApiSpec(app, process.argv[2]);
}

exportSpec().catch((error: unknown) => {
  console.error('Cannot export the AsyncAPI document.', error);
  process.exit(1);
});
