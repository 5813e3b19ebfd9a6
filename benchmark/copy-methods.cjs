'use strict';

const {methodNames} = require('./job.cjs');

/**
 * Gives a class more methods like its `find`, up to `count`, each a function of its own.
 * `decorate(prototype, name, descriptor)` does what decorators and those of parameters would.
 */
function copyMethods({prototype}, count, decorate) {
  const {find} = prototype;
  const types = Reflect.getMetadata('design:paramtypes', prototype, 'find');
  for (const name of methodNames(count).slice(1)) {
    const method = function (first, second, third) {
      return find.call(this, first, second, third);
    };
    Object.defineProperty(method, 'length', {value: find.length});
    const descriptor = {value: method, configurable: true, writable: true};
    Object.defineProperty(prototype, name, descriptor);
    Reflect.defineMetadata('design:paramtypes', types, prototype, name);
    decorate(prototype, name, descriptor);
  }
}

module.exports = {copyMethods};
