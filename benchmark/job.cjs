'use strict';

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

module.exports = {MESSAGE, find, findUser, methodNames};
