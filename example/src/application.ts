import {BootMixin} from '@loopback/boot';
import type {ApplicationConfig} from '@loopback/core';
import {RepositoryMixin} from '@loopback/repository';
import {RestApplication} from '@loopback/rest';
import {SocketBindings, SocketComponent} from 'loopback4-socket';
import path from 'node:path';
import {ExampleSequence} from './sequence';

export type {ApplicationConfig};

export class ExampleApplication extends BootMixin(RepositoryMixin(RestApplication)) {
  constructor(options: ApplicationConfig = {}) {
    super(options);

    this.sequence(ExampleSequence);
    this.static('/', path.join(__dirname, '../public'));

    this.component(SocketComponent);
    this.configure(SocketBindings.server('admin')).to({timeout: 2000});

    this.projectRoot = __dirname;
    this.bootOptions = {
      controllers: {
        dirs: ['controllers'],
        extensions: ['.controller.js'],
        nested: true,
      },
    };
  }
}
