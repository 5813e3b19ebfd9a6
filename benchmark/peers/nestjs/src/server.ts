import 'reflect-metadata';
import {Module, UseGuards, UsePipes, ValidationPipe} from '@nestjs/common';
import type {Type} from '@nestjs/common';
import {NestFactory} from '@nestjs/core';
import {IoAdapter} from '@nestjs/platform-socket.io';
import {ConnectedSocket, MessageBody, SubscribeMessage} from '@nestjs/websockets';
import type {Server} from 'node:http';
import {copyMethods} from '../../../copy-methods.cjs';
import type {RunningServer, StartOptions} from '../../../job.cjs';
import {socketIoServer} from '../../../servers/socket-io.cjs';
import {AuthenticatedGuard} from './authenticated.guard';
import {FullGateway} from './full.gateway';
import {PlainGateway} from './plain.gateway';

export async function start({methods, variant}: StartOptions): Promise<RunningServer> {
  const full = variant === 'full';
  const gateway: Type<PlainGateway | FullGateway> = full ? FullGateway : PlainGateway;
  copyMethods(gateway, methods, (prototype, name, descriptor) => {
    ConnectedSocket()(prototype, name, 0);
    MessageBody()(prototype, name, 1);
    if (full) {
      UseGuards(AuthenticatedGuard)(prototype, name, descriptor);
      UsePipes(new ValidationPipe())(prototype, name, descriptor);
    }
    SubscribeMessage(name)(prototype, name, descriptor);
  });
  class Application {}
  Module({providers: [gateway]})(Application);
  const app = await NestFactory.create(Application, {logger: ['error']});
  app.useWebSocketAdapter(new IoAdapter(app));
  await app.listen(0, '127.0.0.1');
  const {port} = (app.getHttpServer() as Server).address() as {port: number};
  return socketIoServer(app.get(gateway).io.of('/'), port);
}
