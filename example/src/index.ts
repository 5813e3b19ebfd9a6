import {ExampleApplication} from './application';
import type {ApplicationConfig} from './application';

export * from './application';

export async function main(options: ApplicationConfig = {}): Promise<ExampleApplication> {
  const app = new ExampleApplication(options);
  await app.boot();
  await app.start();

  console.log(`Server is running at ${app.restServer.url ?? '(not listening)'}`);

  return app;
}

if (require.main === module) {
  const config: ApplicationConfig = {
    rest: {
      port: Number(process.env.PORT ?? 3000),
      host: process.env.HOST ?? '127.0.0.1',
      // A stop waits this many ms for HTTP clients that keep their connection open.
      gracePeriodForClose: 5000,
      openApiSpec: {
        setServersFromRequest: true,
      },
    },
    // LoopBack's default is SIGTERM. Ctrl+C sends SIGINT.
    shutdown: {signals: ['SIGINT', 'SIGTERM']},
  };
  main(config).catch((error: unknown) => {
    console.error('Cannot start the application.', error);
    process.exit(1);
  });
}
