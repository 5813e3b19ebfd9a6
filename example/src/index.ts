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
      // The time that a stop waits for HTTP clients that keep their connection.
      gracePeriodForClose: 5000,
      openApiSpec: {
        setServersFromRequest: true,
      },
    },
    // Ctrl+C stops the application in good order too; LoopBack's default is SIGTERM alone.
    shutdown: {signals: ['SIGINT', 'SIGTERM']},
  };
  main(config).catch((error: unknown) => {
    console.error('Cannot start the application.', error);
    process.exit(1);
  });
}
