'use strict';

const {setTimeout} = require('node:timers/promises');

// The work that every server does, whatever it is built on.

/** @type {import('./job.cjs').Message} */
const MESSAGE = {title: 'News of the day', number: 42, tags: ['first', 'second']};

function findUser(credentials) {
  const token = credentials?.token;
  if (typeof token !== 'string' || !token.startsWith('token-')) return undefined;
  const id = token.slice('token-'.length);
  return {id, name: `User ${id}`};
}

function find(args, user) {
  return {user: user.id, name: args.filter.name, end: args.skip + args.limit};
}

/** `find` is the method that is called; the others make up the number. */
function methodNames(count) {
  return Array.from({length: count}, (_, index) =>
    index === 0 ? 'find' : `find${index}`,
  );
}

/** Items that are there at once. */
async function* prices(count) {
  for (let i = 0; i < count; i++) yield {i, price: 100 + (i % 50)};
}

/** An item each `interval` ms, with the time at which it leaves. */
async function* ticks(count, interval) {
  const start = now();
  for (let i = 0; i < count; i++) {
    await setTimeout((start - now()) / 1000 + i * interval);
    yield {i, at: now()};
  }
}

/** In microseconds; all processes have the same clock. */
function now() {
  return Number(process.hrtime.bigint() / 1000n);
}

module.exports = {MESSAGE, find, findUser, methodNames, now, prices, ticks};
