import {ClassDecoratorFactory} from '@loopback/core';
import {SocketMetadata} from './metadata';
import type {SocketControllerMetadata} from './metadata';

/**
 * Names the server that a controller's handlers belong to. Only a server other than the default needs it.
 *
 * @example
 * ```ts
 * @socketController({server: 'admin'})
 * export class AdminController {}
 * ```
 */
export function socketController(options: SocketControllerMetadata = {}): ClassDecorator {
  return ClassDecoratorFactory.createDecorator(SocketMetadata.CONTROLLER, options, {
    decoratorName: '@socketController',
  });
}
