import {BindingKey} from '@loopback/core';
import type {AsyncApi} from './async-api';

/** The key of the document; applications use `getAsyncApiSpec`. */
export const ASYNC_API = BindingKey.create<AsyncApi>('socket.asyncApi');
