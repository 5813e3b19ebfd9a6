import {Application, inject} from '@loopback/core';
import {model, property} from '@loopback/repository';
import {get, param} from '@loopback/rest';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import type {Socket} from 'socket.io';
import {ControllerScanner} from '../../../dist/invocation/controller-scanner';

@model()
class Sum {
  @property({type: 'number'})
  a?: number;
}

const RESULT = {type: 'number'} as const;

class Calculator {
  @socketMethod('sum', {result: RESULT, summary: 'Adds.', deprecated: true})
  add(_socket: Socket, _credentials: unknown, sum: Sum) {
    return sum.a;
  }

  @socketMethod('sums', {item: Sum})
  async *all(
    _socket: Socket,
    _credentials: unknown,
    sum: Sum,
    @inject(SocketBindings.AFTER) _after?: string,
  ) {
    yield await Promise.resolve(sum);
  }

  @socketMethod()
  @get('/calculator')
  find(@param.query.number('id') id: number) {
    return id;
  }
}

function describeCalculator() {
  const app = new Application();
  app.controller(Calculator);
  const scanner = new ControllerScanner(app);
  const scan = () => scanner.scan().servers.get('SocketServer')?.methods;
  return {scan, methods: scan()};
}

it('a handler describes its method for documents', () => {
  const method = describeCalculator().methods?.get('sum')?.method;
  assert.ok(method);
  const {label, member, kind, name, args, result, summary, deprecated} = method;
  assert.deepEqual(
    {label, member, kind, name, args, result, summary, deprecated},
    {
      label: 'Calculator.add',
      member: 'add',
      kind: 'method',
      name: 'sum',
      args: Sum,
      result: RESULT,
      summary: 'Adds.',
      deprecated: true,
    },
  );
});

it('a handler describes the items of a method that streams', () => {
  const method = describeCalculator().methods?.get('sums')?.method;
  assert.ok(method);
  const {label, name, args, result, item, accepts} = method;
  assert.deepEqual(
    {label, name, args, result, item, accepts},
    {
      label: 'Calculator.all',
      name: 'sums',
      args: Sum,
      result: undefined,
      item: Sum,
      accepts: {after: true, upload: false},
    },
  );
});

it('a REST operation describes the args of its method', () => {
  const method = describeCalculator().methods?.get('find')?.method;
  assert.equal(method?.args, undefined);
  assert.equal(method?.operation?.spec['x-operation-name'], 'find');
});

it('the description of a method is made once', () => {
  const {methods, scan} = describeCalculator();
  assert.equal(scan()?.get('sum')?.method, methods?.get('sum')?.method);
});
